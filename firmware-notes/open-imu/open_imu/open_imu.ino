// sitwell's open profile for motion sensors on an Arduino board (see ../../open-imu.md).
//
// One loop: read the chip when a sample is due, hand full packets to the radio, run the cue. Nothing in it waits.

#include <Arduino.h>
#include <ArduinoBLE.h>
#include <utility/ATT.h>

#include "board.h"

using namespace open_imu;

#define OPEN_IMU_UUID(number) "0c43" number "-f3e4-485e-9674-f9034e7d2ae9"

constexpr int WRITE_ROOM = 20;  // later hosts may write fields behind those that we know
constexpr unsigned DEBOUNCE_MS = 30;
constexpr unsigned BATTERY_EVERY_MS = 60000;
constexpr uint8_t LOW_BATTERY_PERCENT = 10;

BLEService service(OPEN_IMU_UUID("0001"));
BLECharacteristic infoValue(OPEN_IMU_UUID("0002"), BLERead, INFO_BYTES, true);
BLECharacteristic configValue(OPEN_IMU_UUID("0003"), BLERead | BLEWrite, WRITE_ROOM);
BLECharacteristic streamValue(OPEN_IMU_UUID("0004"), BLENotify, PACKET_BYTES);
BLECharacteristic cueValue(OPEN_IMU_UUID("0005"), BLEWrite | BLEWriteWithoutResponse, WRITE_ROOM);
BLECharacteristic eventValue(OPEN_IMU_UUID("0006"), BLENotify, EVENT_BYTES, true);
BLEService deviceService("180A");
BLECharacteristic modelValue("2A24", BLERead, board::NAME);
BLEService batteryService("180F");
BLECharacteristic batteryValue("2A19", BLERead | BLENotify, 1, true);

Abilities abilities = board::ABILITIES;
Config config = {50, 0, 0, KIND_ACC, 0};
Packets packets;
bool streaming = false;
uint32_t dueUs = 0;
uint32_t periodUs = 20000;

// ---------------------------------------------------------------- configuration and stream

size_t linkRoom() {
  // ArduinoBLE tells the MTU of a connection by its handle, but not the handle.
  for (uint16_t handle = 0; handle < 64; handle++) {
    if (ATT.connected(handle)) return ATT.mtu(handle) - 3u;
  }
  return 20;
}

void restartStream() {
  periodUs = (1000000ul + config.rateHz / 2) / config.rateHz;
  packets.begin(config, linkRoom());
  dueUs = micros() + periodUs;
}

void tellConfig() {
  uint8_t bytes[CONFIG_BYTES];
  writeConfig(config, bytes);
  configValue.writeValue(bytes, sizeof bytes);
}

// Runs before the write is acknowledged: whoever reads back afterwards sees what is in force.
void onConfig(BLEDevice, BLECharacteristic) {
  if (readConfig(configValue.value(), static_cast<size_t>(configValue.valueLength()), abilities, config)) {
    board::configure(config);
    restartStream();
  }
  tellConfig();
}

void onSubscribed(BLEDevice, BLECharacteristic) {
  restartStream();
  streaming = true;
}

void onUnsubscribed(BLEDevice, BLECharacteristic) { streaming = false; }

void sampleWhenDue() {
  if (static_cast<int32_t>(micros() - dueUs) < 0) return;
  const uint32_t nowUs = micros();
  float accG[3], gyrDps[3] = {0.0f, 0.0f, 0.0f};
  const bool late = nowUs - dueUs >= periodUs;
  if (late) dueUs = nowUs;
  if (!board::read(accG, gyrDps)) {
    packets.missed();
  } else {
    if (late) packets.missed();
    packets.add(dueUs, accG, gyrDps);
  }
  dueUs += periodUs;
}

void sendWhatWaits() {
  while (packets.waiting()) {
    size_t length = 0;
    const uint8_t *bytes = packets.packet(length);
    if (!streamValue.writeValue(bytes, static_cast<int>(length))) return;  // the radio is full: later
    packets.sent();
    packets.setRoom(linkRoom());
  }
}

// ---------------------------------------------------------------- cues and events

Cue cue = {0, 0, 0, 0, 0, 0};
uint8_t cueTimes = 0;  // still to come; 0: no cue runs
bool cueOn = false;
uint32_t cueSinceMs = 0;

void tellEvent(uint8_t kind, uint8_t argument) {
  uint8_t bytes[EVENT_BYTES];
  writeEvent(kind, argument, micros(), bytes);
  eventValue.writeValue(bytes, sizeof bytes);
}

void light(bool on) { digitalWrite(board::LED_PIN, on == board::LED_LIGHTS_HIGH ? HIGH : LOW); }

void drive(bool on) {
  cueOn = on;
  cueSinceMs = millis();
  const bool motor = (cue.actuators & DRIVE_MOTOR) && board::wired(board::MOTOR_PIN);
  const bool buzzer = (cue.actuators & DRIVE_TONE) && board::wired(board::BUZZER_PIN);
  // What is not wired is replaced by the light: better a weak cue than none.
  if ((cue.actuators & DRIVE_LED) || !(motor || buzzer)) light(on);
  if (motor) analogWrite(board::MOTOR_PIN, on ? cue.strength : 0);
  if (buzzer && on) tone(board::BUZZER_PIN, 1000u + 250u * cue.index);
  if (buzzer && !on) noTone(board::BUZZER_PIN);
}

void onCue(BLEDevice, BLECharacteristic) {
  Cue next;
  if (!readCue(cueValue.value(), static_cast<size_t>(cueValue.valueLength()), next)) return;
  if (cueOn) drive(false);
  cue = next;
  cueTimes = cue.actuators ? (cue.times ? cue.times : 1) : 0;
  if (cueTimes) drive(true);
}

void runCue() {
  if (!cueTimes || millis() - cueSinceMs < (cueOn ? cue.onMs : cue.offMs)) return;
  if (!cueOn) {
    drive(true);
    return;
  }
  drive(false);
  if (--cueTimes == 0) tellEvent(EVENT_CUE_DONE, cue.actuators);
}

void watchButton() {
  static bool down = false;
  static uint32_t changedMs = 0;
  if (!board::wired(board::BUTTON_PIN) || millis() - changedMs < DEBOUNCE_MS) return;
  const bool now = digitalRead(board::BUTTON_PIN) == LOW;
  if (now == down) return;
  down = now;
  changedMs = millis();
  tellEvent(EVENT_BUTTON, down ? 1 : 0);
}

void watchBattery() {
  static uint32_t lookedMs = 0;
  if (!board::wired(board::BATTERY_PIN) || (lookedMs && millis() - lookedMs < BATTERY_EVERY_MS)) return;
  lookedMs = millis() | 1;
  // One lithium cell, 3.5 V to 4.1 V as a straight line: within 15 % of the truth in between.
  const float volts = static_cast<float>(analogRead(board::BATTERY_PIN)) / 4095.0f * OPEN_IMU_BATTERY_FULL_SCALE_V;
  const float percent = (volts - 3.5f) / 0.6f * 100.0f;
  const uint8_t told = percent < 0.0f ? 0 : percent > 100.0f ? 100 : static_cast<uint8_t>(percent);
  batteryValue.writeValue(&told, 1);
  if (told < LOW_BATTERY_PERCENT) tellEvent(EVENT_LOW_BATTERY, told);
}

// ---------------------------------------------------------------- Arduino

// Blinks for ever: 2 times for a motion chip that does not answer, 3 times for a radio that does not.
void halt(int blinks) {
  for (;;) {
    for (int k = 0; k < 2 * blinks; k++) {
      light(k % 2 == 0);
      delay(200);
    }
    delay(1000);
  }
}

uint32_t bootId() {
  uint32_t hash = 2166136261u;
  for (int k = 0; k < 32; k++) {
    float values[6] = {0.0f};
    board::read(values, values + 3);
    const uint32_t nowUs = micros();
    hash = stir(stir(hash, values, sizeof values), &nowUs, sizeof nowUs);
    delay(2);
  }
  return hash;
}

void setup() {
  pinMode(board::LED_PIN, OUTPUT);
  light(false);
  if (board::wired(board::MOTOR_PIN)) pinMode(board::MOTOR_PIN, OUTPUT);
  if (board::wired(board::BUTTON_PIN)) pinMode(board::BUTTON_PIN, INPUT_PULLUP);
  if (board::wired(board::BATTERY_PIN)) analogReadResolution(12);
  if (!board::begin()) halt(2);

  abilities.capabilities |= HAS_LED;
  if (board::wired(board::MOTOR_PIN)) abilities.capabilities |= HAS_MOTOR;
  if (board::wired(board::BUZZER_PIN)) abilities.capabilities |= HAS_TONE;
  if (board::wired(board::BUTTON_PIN)) abilities.capabilities |= HAS_BUTTON;
  // Until someone configures it: 50 Hz, the widest range, with gyroscope.
  while (config.accRange < 3 && (abilities.accRanges >> (config.accRange + 1))) config.accRange++;
  if (abilities.capabilities & HAS_GYRO) config.kind = KIND_ACC_GYRO;
  if (config.kind == KIND_ACC_GYRO) config.gyrRange = nearestGyrRange(0, abilities.gyrRanges);
  board::configure(config);

  if (!BLE.begin()) halt(3);
  String name = "OPS-" + BLE.address().substring(12);  // the address's last bytes tell two boards apart
  name.replace(":", "");
  BLE.setLocalName(name.c_str());
  BLE.setDeviceName(name.c_str());
  // 15 to 30 ms: one notification an interval carries any rate, and telephones grant it.
  BLE.setConnectionInterval(12, 24);

  const uint32_t boot = bootId();
  uint8_t bytes[INFO_BYTES];
  writeInfo(abilities, boot, bytes);
  infoValue.writeValue(bytes, sizeof bytes);
  tellConfig();
  configValue.setEventHandler(BLEWritten, onConfig);
  streamValue.setEventHandler(BLESubscribed, onSubscribed);
  streamValue.setEventHandler(BLEUnsubscribed, onUnsubscribed);
  cueValue.setEventHandler(BLEWritten, onCue);
  service.addCharacteristic(infoValue);
  service.addCharacteristic(configValue);
  service.addCharacteristic(streamValue);
  service.addCharacteristic(cueValue);
  service.addCharacteristic(eventValue);
  BLE.setAdvertisedService(service);
  BLE.addService(service);
  deviceService.addCharacteristic(modelValue);
  BLE.addService(deviceService);
  if (board::wired(board::BATTERY_PIN)) {
    watchBattery();
    batteryService.addCharacteristic(batteryValue);
    BLE.addService(batteryService);
  }
  BLE.advertise();
}

void loop() {
  BLE.poll();
  if (streaming && BLE.connected()) {
    sampleWhenDue();
    sendWhatWaits();
  }
  runCue();
  watchButton();
  watchBattery();
  delay(1);  // lets the processor sleep: a sample is read up to 1 ms late, but bears the time when it was due
}
