// The chip with its own sensitivities; ranges other than the library's fall back to the widest, as there.
#pragma once

#include <Arduino.h>

#define I2C_MODE 0
#define LSM6DS3_ACC_GYRO_CTRL3_C 0x12
#define LSM6DS3_ACC_GYRO_OUTX_L_G 0x22

typedef enum { IMU_SUCCESS, IMU_HW_ERROR } status_t;

struct SensorSettings {
  uint8_t gyroEnabled;
  uint16_t gyroRange, gyroSampleRate, accelRange, accelSampleRate, accelBandWidth;
};

class LSM6DS3 {
 public:
  LSM6DS3(uint8_t, uint8_t) { settings = {1, 2000, 416, 16, 416, 100}; }
  status_t begin() {
    switch (settings.gyroRange) {
      case 125: gyrMdps_ = 4.375; break;
      case 245: gyrMdps_ = 8.75; break;
      case 500: gyrMdps_ = 17.5; break;
      case 1000: gyrMdps_ = 35.0; break;
      default: gyrMdps_ = 70.0;
    }
    switch (settings.accelRange) {
      case 2: accMg_ = 0.061; break;
      case 4: accMg_ = 0.122; break;
      case 8: accMg_ = 0.244; break;
      default: accMg_ = 0.488;
    }
    return IMU_SUCCESS;
  }
  status_t writeRegister(uint8_t, uint8_t) { return IMU_SUCCESS; }
  status_t readRegisterRegion(uint8_t *out, uint8_t, uint8_t length) {
    int16_t counts[6];
    fake::nextCounts(counts);
    double accG[3], gyrDps[3];
    for (int axis = 0; axis < 3; axis++) {
      gyrDps[axis] = counts[axis] * gyrMdps_ / 1000.0;
      accG[axis] = counts[3 + axis] * accMg_ / 1000.0;
    }
    fake::tellSample(accG, gyrDps);
    std::memcpy(out, counts, length);
    return IMU_SUCCESS;
  }
  SensorSettings settings;

 private:
  double gyrMdps_ = 70.0, accMg_ = 0.488;
};
