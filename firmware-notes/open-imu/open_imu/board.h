// Which board this is, and what hangs on its pins. The only file to edit.
//
// A board file gives: NAME, ABILITIES, LED_PIN, LED_LIGHTS_HIGH, begin(), configure(config), read(accG, gyrDps).
// The axes are to be right-handed; lying flat with the label up, z reads +1 g.
#pragma once

#include "open_imu_profile.h"

#ifndef OPEN_IMU_NANO_REV1
#define OPEN_IMU_NANO_REV1 0
#endif

// Pins of what you have wired; 255: nothing. A vibration motor needs a transistor and a diode, never a bare pin.
#ifndef OPEN_IMU_MOTOR_PIN
#define OPEN_IMU_MOTOR_PIN 255
#endif
#ifndef OPEN_IMU_BUZZER_PIN
#define OPEN_IMU_BUZZER_PIN 255
#endif
#ifndef OPEN_IMU_BUTTON_PIN
#define OPEN_IMU_BUTTON_PIN 255
#endif

// Pin that sees the battery through a divider, and the volts at the battery for a full reading of 4095.
#ifndef OPEN_IMU_BATTERY_PIN
#define OPEN_IMU_BATTERY_PIN 255
#endif
#ifndef OPEN_IMU_BATTERY_FULL_SCALE_V
#define OPEN_IMU_BATTERY_FULL_SCALE_V 6.6f
#endif

namespace board {

constexpr uint8_t MOTOR_PIN = OPEN_IMU_MOTOR_PIN;
constexpr uint8_t BUZZER_PIN = OPEN_IMU_BUZZER_PIN;
constexpr uint8_t BUTTON_PIN = OPEN_IMU_BUTTON_PIN;
constexpr uint8_t BATTERY_PIN = OPEN_IMU_BATTERY_PIN;

inline bool wired(uint8_t pin) { return pin != 255; }

}  // namespace board

#if defined(ARDUINO_ARDUINO_NANO33BLE)
#include "board_nano33.h"
#elif defined(ARDUINO_SEEED_XIAO_NRF52840_SENSE) || defined(ARDUINO_Seeed_XIAO_nRF52840_Sense)
#include "board_xiao.h"
#elif defined(ARDUINO_ARCH_ESP32)
#include "board_esp32.h"
#else
#error "No board file for this board: write one like board_nano33.h and name it here."
#endif
