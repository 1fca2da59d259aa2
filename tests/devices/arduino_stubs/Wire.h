// An MPU-6050 on the bus: registers that can be written, and 14 bytes of values from 0x3B on.
#pragma once

#include <Arduino.h>

class TwoWire {
 public:
  void begin() {}
  void setClock(uint32_t) {}
  void beginTransmission(uint8_t address) {
    here_ = address == 0x68;
    written_ = 0;
  }
  size_t write(uint8_t value) {
    if (written_++ == 0) {
      register_ = value;
    } else if (register_ < sizeof registers_) {
      registers_[register_++] = value;
    }
    return 1;
  }
  uint8_t endTransmission(bool = true) { return here_ ? 0 : 2; }
  uint8_t requestFrom(uint8_t address, uint8_t length) {
    if (address != 0x68 || register_ != 0x3B || length != 14 || registers_[0x6B] == 0x40) return 0;
    int16_t counts[6];
    fake::nextCounts(counts);
    double accG[3], gyrDps[3];
    for (int axis = 0; axis < 3; axis++) {
      accG[axis] = counts[axis] * (2 << (registers_[0x1C] >> 3)) / 32768.0;
      gyrDps[axis] = counts[3 + axis] * (250 << (registers_[0x1B] >> 3)) / 32768.0;
    }
    fake::tellSample(accG, gyrDps);
    for (int k = 0; k < 7; k++) {
      const int16_t value = k == 3 ? 1234 : counts[k < 3 ? k : k - 1];
      values_[2 * k] = static_cast<uint8_t>((value >> 8) & 0xFF);
      values_[2 * k + 1] = static_cast<uint8_t>(value & 0xFF);
    }
    at_ = 0;
    return length;
  }
  int read() { return at_ < sizeof values_ ? values_[at_++] : -1; }

 private:
  bool here_ = false;
  unsigned written_ = 0;
  uint8_t register_ = 0, registers_[128] = {0}, values_[14] = {0};
  size_t at_ = sizeof values_;
};

extern TwoWire Wire;
