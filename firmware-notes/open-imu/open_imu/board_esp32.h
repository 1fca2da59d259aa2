// Any ESP32 with Bluetooth LE and an MPU-6050 (or MPU-6500, MPU-9250) on its I2C pins; no library for the chip.
#pragma once

#include <Wire.h>

#ifndef LED_BUILTIN
#define LED_BUILTIN 2
#endif

namespace board {

constexpr char NAME[] = "ESP32 with MPU-6050";
constexpr open_imu::Abilities ABILITIES = {open_imu::HAS_ACC | open_imu::HAS_GYRO, 10, 200, 0x0F, 0x0F};
constexpr uint8_t LED_PIN = LED_BUILTIN;
constexpr bool LED_LIGHTS_HIGH = true;

constexpr uint8_t ADDRESS = 0x68;
constexpr uint8_t SAMPLE_RATE_DIVIDER = 0x19, FILTER = 0x1A, GYRO_RANGE = 0x1B, ACC_RANGE = 0x1C;
constexpr uint8_t FIRST_VALUE = 0x3B, POWER = 0x6B;

float accScale = 4.0f / 32768.0f, gyrScale = 2000.0f / 32768.0f;

inline bool put(uint8_t reg, uint8_t value) {
  Wire.beginTransmission(ADDRESS);
  Wire.write(reg);
  Wire.write(value);
  return Wire.endTransmission() == 0;
}

inline void configure(const open_imu::Config &config) {
  // Low pass a little below half our rate: 94 Hz, 44 Hz, 21 Hz or 10 Hz. The chip samples at 1 kHz.
  const uint8_t filter = config.rateHz > 150 ? 2 : config.rateHz > 75 ? 3 : config.rateHz > 40 ? 4 : 5;
  put(FILTER, filter);
  put(SAMPLE_RATE_DIVIDER, 0);
  put(ACC_RANGE, static_cast<uint8_t>(config.accRange << 3));
  put(GYRO_RANGE, static_cast<uint8_t>((3 - config.gyrRange) << 3));
  accScale = static_cast<float>(2 << config.accRange) / 32768.0f;
  gyrScale = static_cast<float>(2000 >> config.gyrRange) / 32768.0f;
}

inline bool begin() {
  Wire.begin();
  Wire.setClock(400000);
  return put(POWER, 1);  // awake, clock from the gyroscope
}

inline bool read(float accG[3], float gyrDps[3]) {
  Wire.beginTransmission(ADDRESS);
  Wire.write(FIRST_VALUE);
  if (Wire.endTransmission(false) != 0 || Wire.requestFrom(ADDRESS, static_cast<uint8_t>(14)) != 14) return false;
  int16_t raw[7];  // acceleration, temperature, rotation; high byte first
  for (int16_t &each : raw) {
    const int high = Wire.read();
    each = static_cast<int16_t>((high << 8) | Wire.read());
  }
  for (int axis = 0; axis < 3; axis++) {
    accG[axis] = accScale * raw[axis];
    gyrDps[axis] = gyrScale * raw[4 + axis];
  }
  return true;
}

}  // namespace board
