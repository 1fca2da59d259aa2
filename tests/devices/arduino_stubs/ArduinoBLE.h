// As much of ArduinoBLE as the sketch uses; what goes over the air is printed in hex.
#pragma once

#include <Arduino.h>

#include <functional>
#include <memory>
#include <vector>

enum { BLERead = 0x02, BLEWriteWithoutResponse = 0x04, BLEWrite = 0x08, BLENotify = 0x10 };
enum BLECharacteristicEvent { BLESubscribed = 0, BLEUnsubscribed = 1, BLEWritten = 3 };

class BLEDevice {};
class BLECharacteristic;
typedef void (*BLECharacteristicEventHandler)(BLEDevice device, BLECharacteristic characteristic);

namespace fake {
struct Value {
  std::string uuid;
  unsigned properties;
  size_t size;
  bool fixed;
  std::vector<uint8_t> bytes;
  bool subscribed;
  BLECharacteristicEventHandler handlers[4];
};
extern bool connected, busy;
extern uint16_t mtu;
extern std::function<void()> whileSending;
extern std::vector<std::shared_ptr<Value>> values;
std::string hex(const std::vector<uint8_t> &bytes);
}  // namespace fake

class BLECharacteristic {
 public:
  BLECharacteristic(const char *uuid, uint16_t properties, int size, bool fixed = false)
      : value_(std::make_shared<fake::Value>()) {
    *value_ = {uuid, properties, static_cast<size_t>(size), fixed, {}, false, {}};
  }
  BLECharacteristic(const char *uuid, uint16_t properties, const char *text)
      : BLECharacteristic(uuid, properties, static_cast<int>(std::strlen(text))) {
    value_->bytes.assign(text, text + std::strlen(text));
  }
  const uint8_t *value() const { return value_->bytes.data(); }
  int valueLength() const { return static_cast<int>(value_->bytes.size()); }
  int writeValue(const uint8_t bytes[], int length) {
    const size_t kept = std::min(static_cast<size_t>(length), value_->size);
    if (value_->subscribed) {
      if (fake::busy || !fake::connected) return 0;
      const std::vector<uint8_t> sent(bytes, bytes + std::min<size_t>(kept, fake::mtu - 3u));
      std::printf("notify %llu %s %s\n", static_cast<unsigned long long>(fake::nowUs),
                  value_->uuid.substr(4, 4).c_str(), fake::hex(sent).c_str());
      if (fake::whileSending) {
        const auto work = fake::whileSending;
        fake::whileSending = nullptr;
        work();
      }
    }
    value_->bytes.assign(bytes, bytes + kept);
    return 1;
  }
  void setEventHandler(int event, BLECharacteristicEventHandler handler) { value_->handlers[event] = handler; }

  std::shared_ptr<fake::Value> value_;
};

class BLEService {
 public:
  explicit BLEService(const char *uuid) : uuid_(uuid) {}
  void addCharacteristic(BLECharacteristic &characteristic) {
    fake::values.push_back(characteristic.value_);
    std::printf("characteristic %s %s %u\n", uuid_.c_str(), characteristic.value_->uuid.c_str(),
                characteristic.value_->properties);
  }
  std::string uuid_;
};

class BLELocalDevice {
 public:
  int begin() { return 1; }
  void poll() { fake::nowUs += 137; }
  bool connected() const { return fake::connected; }
  String address() const { return String("c0:ff:ee:00:1a:2b"); }
  void setLocalName(const char *name) { std::printf("name %s\n", name); }
  void setDeviceName(const char *) {}
  void setConnectionInterval(uint16_t, uint16_t) {}
  void setAdvertisedService(const BLEService &service) { std::printf("advertised %s\n", service.uuid_.c_str()); }
  void addService(BLEService &) {}
  int advertise() { return 1; }
};

extern BLELocalDevice &BLE;
