// Runs the sketch: commands on standard input, one a line; everything that the sketch does is printed.
//
//   connect MTU · disconnect · subscribe UUID · unsubscribe UUID · write UUID HEX · nest UUID HEX (while a notification
//   is being sent) · read UUID · run MS · stall MS (no loop) · busy 0|1 (the radio takes nothing) · pin NUMBER 0|1
// The first argument is the time at which the board starts, in microseconds.

#include <ArduinoBLE.h>
#include <utility/ATT.h>
#if defined(ARDUINO_ARDUINO_NANO33BLE)
#include <Arduino_BMI270_BMM150.h>
FakeNanoImu IMU;
#elif defined(ARDUINO_ARCH_ESP32)
#include <Wire.h>
TwoWire Wire;
#endif

#include <iostream>
#include <sstream>

namespace fake {
uint64_t nowUs = 0;
PinStatus inputs[256];
int analogInput = 2400;
bool connected = false, busy = false;
uint16_t mtu = 23;
std::function<void()> whileSending;
std::vector<std::shared_ptr<Value>> values;

std::string hex(const std::vector<uint8_t> &bytes) {
  std::string text;
  char two[3];
  for (uint8_t each : bytes) {
    std::snprintf(two, sizeof two, "%02x", each);
    text += two;
  }
  return text.empty() ? "-" : text;
}

// Any number of 16 bits, the ends among them.
void nextCounts(int16_t counts[6]) {
  static uint32_t state = 12345;
  static unsigned n = 0;
  for (int k = 0; k < 6; k++) {
    state = state * 1664525u + 1013904223u;
    counts[k] = static_cast<int16_t>(state >> 16);
  }
  if (n % 16 == 0) counts[n / 16 % 6] = n / 16 % 2 ? 32767 : -32768;
  n++;
}

void tellSample(const double accG[3], const double gyrDps[3]) {
  std::printf("sample %llu", static_cast<unsigned long long>(nowUs));
  for (int axis = 0; axis < 3; axis++) std::printf(" %.12g", accG[axis]);
  for (int axis = 0; axis < 3; axis++) std::printf(" %.12g", gyrDps[axis]);
  std::printf("\n");
}

Value &find(const std::string &uuid) {
  for (auto &each : values) {
    if (each->uuid == uuid || each->uuid.substr(0, 8) == "0c43" + uuid) return *each;
  }
  std::exit(4);
}

void handle(Value &value, int event);

void write(const std::string &uuid, const std::string &text) {
  Value &value = find(uuid);
  std::vector<uint8_t> bytes;
  for (size_t at = 0; at + 1 < text.size(); at += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(text.substr(at, 2), nullptr, 16)));
  }
  bytes.resize(std::min(bytes.size(), value.size));  // as the library does
  value.bytes = bytes;
  handle(value, BLEWritten);
}
}  // namespace fake

static BLELocalDevice device;
BLELocalDevice &BLE = device;
static ATTClass att;
ATTClass &ATT = att;

#include "open_imu.ino"

void fake::handle(Value &value, int event) {
  if (value.handlers[event]) value.handlers[event](BLEDevice(), BLECharacteristic(value.uuid.c_str(), 0, 1));
}

int main(int argc, char **argv) {
  if (argc > 1) fake::nowUs = std::strtoull(argv[1], nullptr, 10);
  for (PinStatus &each : fake::inputs) each = HIGH;
  setup();
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string verb, what, text;
    words >> verb >> what >> text;
    std::printf("> %s\n", line.c_str());
    if (verb == "connect") {
      fake::connected = true;
      fake::mtu = static_cast<uint16_t>(std::stoi(what));
    } else if (verb == "disconnect") {
      for (auto &each : fake::values) {
        if (each->subscribed) {
          each->subscribed = false;
          fake::handle(*each, BLEUnsubscribed);
        }
      }
      fake::connected = false;
    } else if (verb == "subscribe" || verb == "unsubscribe") {
      fake::find(what).subscribed = verb == "subscribe";
      fake::handle(fake::find(what), verb == "subscribe" ? BLESubscribed : BLEUnsubscribed);
    } else if (verb == "write") {
      fake::write(what, text);
    } else if (verb == "nest") {
      fake::whileSending = [what, text] { fake::write(what, text); };
    } else if (verb == "read") {
      std::printf("value %s %s\n", what.c_str(), fake::hex(fake::find(what).bytes).c_str());
    } else if (verb == "run") {
      for (const uint64_t end = fake::nowUs + 1000ull * std::stoul(what); fake::nowUs < end;) loop();
    } else if (verb == "stall") {
      fake::nowUs += 1000ull * std::stoul(what);
    } else if (verb == "busy") {
      fake::busy = what == "1";
    } else if (verb == "pin") {
      fake::inputs[std::stoi(what)] = text == "1" ? HIGH : LOW;
    } else {
      return 2;
    }
  }
  return 0;
}
