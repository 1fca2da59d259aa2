#pragma once

#include <ArduinoBLE.h>

class ATTClass {
 public:
  bool connected() const { return fake::connected; }
  bool connected(uint16_t handle) const { return fake::connected && handle == 3; }
  uint16_t mtu(uint16_t handle) const { return handle == 3 ? fake::mtu : 23; }
};

extern ATTClass &ATT;
