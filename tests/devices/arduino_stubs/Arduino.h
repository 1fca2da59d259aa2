// As much of Arduino's API as the sketch uses, with the strict types of ArduinoCore-API. Time stands still but for
// delay() and what the bench adds.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

enum PinStatus { LOW = 0, HIGH = 1, CHANGE = 2 };
enum PinMode { INPUT = 0, OUTPUT = 1, INPUT_PULLUP = 2 };

typedef uint8_t pin_size_t;
typedef uint8_t byte;

#if !defined(ARDUINO_ARCH_ESP32)
#define LED_BUILTIN (13u)
#endif

class Print {};
class Stream : public Print {};  // a name that sketches must leave alone

class String {
 public:
  String(const char *text) : text_(text) {}
  String(const std::string &text) : text_(text) {}
  String substring(unsigned from) const { return String(text_.substr(from)); }
  void replace(const String &what, const String &by) {
    for (size_t at; (at = text_.find(what.text_)) != std::string::npos;) text_.replace(at, what.text_.size(), by.text_);
  }
  const char *c_str() const { return text_.c_str(); }
  friend String operator+(const char *left, const String &right) { return String(left + right.text_); }

 private:
  std::string text_;
};

namespace fake {
extern uint64_t nowUs;
extern PinStatus inputs[256];
extern int analogInput;
void nextCounts(int16_t counts[6]);
void tellSample(const double accG[3], const double gyrDps[3]);
}  // namespace fake

inline uint32_t micros() { return static_cast<uint32_t>(fake::nowUs); }
inline uint32_t millis() { return static_cast<uint32_t>(fake::nowUs / 1000); }
inline void delay(unsigned long ms) {
  fake::nowUs += 1000 * ms;
  if (fake::nowUs > (1ull << 34)) std::exit(3);  // a sketch that blinks for ever
}
inline void pinMode(pin_size_t pin, PinMode mode) { std::printf("mode %u %d\n", pin, mode); }
inline void digitalWrite(pin_size_t pin, PinStatus value) {
  std::printf("pin %llu %u %d\n", static_cast<unsigned long long>(fake::nowUs), pin, value);
}
inline PinStatus digitalRead(pin_size_t pin) { return fake::inputs[pin]; }
inline void analogReadResolution(int) {}
inline int analogRead(pin_size_t) { return fake::analogInput; }
inline void analogWrite(pin_size_t pin, int value) {
  std::printf("pwm %llu %u %d\n", static_cast<unsigned long long>(fake::nowUs), pin, value);
}
inline void tone(uint8_t pin, unsigned frequency, unsigned long = 0) {
  std::printf("tone %llu %u %u\n", static_cast<unsigned long long>(fake::nowUs), pin, frequency);
}
inline void noTone(uint8_t pin) {
  std::printf("tone %llu %u 0\n", static_cast<unsigned long long>(fake::nowUs), pin);
}
