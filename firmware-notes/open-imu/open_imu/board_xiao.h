// Seeed Studio XIAO nRF52840 Sense (LSM6DS3TR-C), with the mbed-enabled core, on which ArduinoBLE runs.
#pragma once

#include <LSM6DS3.h>

namespace board {

constexpr char NAME[] = "XIAO nRF52840 Sense";
constexpr open_imu::Abilities ABILITIES = {open_imu::HAS_ACC | open_imu::HAS_GYRO, 10, 200, 0x0F, 0x1F};
constexpr uint8_t LED_PIN = LED_BUILTIN;
constexpr bool LED_LIGHTS_HIGH = false;

LSM6DS3 chip(I2C_MODE, 0x6A);
float accScale = 0.0f, gyrScale = 0.0f;

inline void configure(const open_imu::Config &config) {
  const uint16_t rates[] = {52, 104, 208};
  uint16_t rate = 416;  // the chip's own rate, at least twice ours: what is read is at most half a period old
  for (uint16_t each : rates) {
    if (each >= 2 * config.rateHz) {
      rate = each;
      break;
    }
  }
  const uint16_t accG = static_cast<uint16_t>(2 << config.accRange);
  const uint16_t gyrDps = static_cast<uint16_t>(2000 >> config.gyrRange);
  chip.settings.accelRange = accG;
  chip.settings.gyroRange = gyrDps == 250 ? 245 : gyrDps;  // as the library calls it
  chip.settings.accelBandWidth = config.rateHz > 100 ? 100 : 50;
  chip.settings.accelSampleRate = rate;
  chip.settings.gyroSampleRate = rate;
  chip.settings.gyroEnabled = config.kind == open_imu::KIND_ACC_GYRO;
  chip.begin();
  // No half-new values (BDU), addresses count up (IF_INC).
  chip.writeRegister(LSM6DS3_ACC_GYRO_CTRL3_C, 0x44);
  // A count is 0.061 mg and 4.375 mdps at the narrowest ranges, a little more than 1/32768 of the range.
  accScale = 0.0000305f * accG;
  gyrScale = 0.000035f * gyrDps;
}

inline bool begin() { return chip.begin() == IMU_SUCCESS; }

inline bool read(float accG[3], float gyrDps[3]) {
  uint8_t raw[12];
  if (chip.readRegisterRegion(raw, LSM6DS3_ACC_GYRO_OUTX_L_G, sizeof raw) != IMU_SUCCESS) return false;
  for (int axis = 0; axis < 3; axis++) {
    gyrDps[axis] = gyrScale * static_cast<int16_t>(open_imu::getU16(raw + 2 * axis));
    accG[axis] = accScale * static_cast<int16_t>(open_imu::getU16(raw + 6 + 2 * axis));
  }
  return true;
}

}  // namespace board
