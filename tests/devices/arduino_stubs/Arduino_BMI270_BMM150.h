// Fixed at 4 g and 2000 deg/s, as the library has it.
#pragma once

#include <Arduino.h>

class FakeNanoImu {
 public:
  int begin() { return 1; }
  int readAcceleration(float &x, float &y, float &z) {
    fake::nextCounts(counts_);
    double accG[3], gyrDps[3];
    for (int axis = 0; axis < 3; axis++) {
      accG[axis] = counts_[axis] / 8192.0;
      gyrDps[axis] = counts_[3 + axis] / 16.384;
    }
    fake::tellSample(accG, gyrDps);
    x = counts_[0] / 8192.0f;
    y = counts_[1] / 8192.0f;
    z = counts_[2] / 8192.0f;
    return 1;
  }
  int readGyroscope(float &x, float &y, float &z) {
    x = counts_[3] / 16.384f;
    y = counts_[4] / 16.384f;
    z = counts_[5] / 16.384f;
    return 1;
  }

 private:
  int16_t counts_[6];
};

extern FakeNanoImu IMU;
