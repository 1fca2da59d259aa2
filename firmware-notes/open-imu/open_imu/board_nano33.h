// Arduino Nano 33 BLE Sense. The library holds the ranges at 4 g and 2000 deg/s and the chip at about 100 Hz.
// Rev2 (BMI270) by default; for the first revision (LSM9DS1) set OPEN_IMU_NANO_REV1 to 1 in board.h.
#pragma once

#if OPEN_IMU_NANO_REV1
#include <Arduino_LSM9DS1.h>
#else
#include <Arduino_BMI270_BMM150.h>
#endif

namespace board {

constexpr char NAME[] = "Nano 33 BLE Sense";
constexpr open_imu::Abilities ABILITIES = {open_imu::HAS_ACC | open_imu::HAS_GYRO, 10, 100, 1 << 1, 1 << 0};
constexpr uint8_t LED_PIN = LED_BUILTIN;
constexpr bool LED_LIGHTS_HIGH = true;

inline bool begin() { return IMU.begin(); }

inline void configure(const open_imu::Config &) {}

inline bool read(float accG[3], float gyrDps[3]) {
  return IMU.readAcceleration(accG[0], accG[1], accG[2]) && IMU.readGyroscope(gyrDps[0], gyrDps[1], gyrDps[2]);
}

}  // namespace board
