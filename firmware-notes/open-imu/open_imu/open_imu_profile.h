// The open profile for motion sensors, version 1: its bytes, and nothing of any board (../../open-imu.md).
//
// Plain C++11 without Arduino, so that it can be compiled and tested anywhere.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace open_imu {

constexpr uint8_t PROFILE_VERSION = 1;

constexpr size_t INFO_BYTES = 12;
constexpr size_t CONFIG_BYTES = 8;
constexpr size_t CUE_BYTES = 8;
constexpr size_t EVENT_BYTES = 6;
constexpr size_t HEADER_BYTES = 8;
constexpr size_t PACKET_BYTES = 244;  // of an MTU of 247, the most that a link packet of 251 bytes carries
constexpr size_t QUEUE_PACKETS = 8;

enum Capability : uint8_t { HAS_ACC = 1, HAS_GYRO = 2, HAS_LED = 4, HAS_MOTOR = 8, HAS_TONE = 16, HAS_BUTTON = 32 };
enum Kind : uint8_t { KIND_ACC = 0, KIND_ACC_GYRO = 1 };
enum Flag : uint8_t { FLAG_DROPPED = 0x08, FLAG_RESTARTED = 0x10 };
enum EventKind : uint8_t { EVENT_BUTTON = 1, EVENT_LOW_BATTERY = 2, EVENT_CUE_DONE = 3 };
enum Actuator : uint8_t { DRIVE_LED = 1, DRIVE_MOTOR = 2, DRIVE_TONE = 4 };

inline void putU16(uint8_t *to, uint16_t value) {
  to[0] = static_cast<uint8_t>(value & 0xFF);
  to[1] = static_cast<uint8_t>(value >> 8);
}

inline void putU32(uint8_t *to, uint32_t value) {
  putU16(to, static_cast<uint16_t>(value & 0xFFFF));
  putU16(to + 2, static_cast<uint16_t>(value >> 16));
}

inline uint16_t getU16(const uint8_t *from) {
  return static_cast<uint16_t>(from[0] | (from[1] << 8));
}

// What a board can do. Ranges are bits: 1 << code.
struct Abilities {
  uint8_t capabilities;
  uint16_t minRateHz;
  uint16_t maxRateHz;
  uint8_t accRanges;
  uint8_t gyrRanges;  // not told in info: a gyroscope's range that is missing is replaced, not refused
};

struct Config {
  uint16_t rateHz;
  uint8_t accRange;
  uint8_t gyrRange;
  uint8_t kind;
  uint8_t samples;  // per packet; 0: as many as the link carries
};

struct Cue {
  uint8_t actuators;
  uint8_t strength;
  uint16_t onMs;
  uint16_t offMs;
  uint8_t times;
  uint8_t index;
};

inline size_t sampleBytes(uint8_t kind) { return kind == KIND_ACC_GYRO ? 12 : 6; }

// Counts per g: 16384 at +-2 g, halved with each wider range.
inline float accCounts(uint8_t code) { return static_cast<float>(16384 >> code); }

// Counts per deg/s: 16.4 at +-2000 deg/s, doubled with each narrower range.
inline float gyrCounts(uint8_t code) { return 16.4f * static_cast<float>(1 << code); }

// To the nearest count, held at the ends of the range.
inline int16_t toCount(float value, float countsPerUnit) {
  const float scaled = value * countsPerUnit;
  if (scaled >= 32767.0f) return 32767;
  if (scaled <= -32768.0f) return -32768;
  return static_cast<int16_t>(scaled < 0.0f ? scaled - 0.5f : scaled + 0.5f);
}

inline uint8_t maxSamples(const Abilities &abilities) {
  const uint8_t kind = abilities.capabilities & HAS_GYRO ? KIND_ACC_GYRO : KIND_ACC;
  return static_cast<uint8_t>((PACKET_BYTES - HEADER_BYTES) / sampleBytes(kind));
}

inline void writeInfo(const Abilities &abilities, uint32_t bootId, uint8_t out[INFO_BYTES]) {
  out[0] = PROFILE_VERSION;
  out[1] = abilities.capabilities;
  putU16(out + 2, abilities.minRateHz);
  putU16(out + 4, abilities.maxRateHz);
  out[6] = abilities.accRanges;
  out[7] = maxSamples(abilities);
  putU32(out + 8, bootId);
}

// The gyroscope's range nearest to the one asked for, the wider one where two are as near.
inline uint8_t nearestGyrRange(uint8_t wanted, uint8_t ranges) {
  for (uint8_t away = 0; away < 5; away++) {
    if (wanted >= away && (ranges >> (wanted - away)) & 1) return static_cast<uint8_t>(wanted - away);
    if (wanted + away < 5 && (ranges >> (wanted + away)) & 1) return static_cast<uint8_t>(wanted + away);
  }
  return 0;
}

// False, and `out` untouched, for what is not 8 bytes (more may follow) or what the board cannot do.
inline bool readConfig(const uint8_t *bytes, size_t length, const Abilities &abilities, Config &out) {
  if (length < CONFIG_BYTES) return false;
  Config config;
  config.rateHz = getU16(bytes);
  config.accRange = bytes[2];
  config.gyrRange = bytes[3];
  config.kind = bytes[4];
  config.samples = bytes[5];
  if (config.rateHz < abilities.minRateHz || config.rateHz > abilities.maxRateHz) return false;
  if (config.accRange > 3 || !((abilities.accRanges >> config.accRange) & 1)) return false;
  if (config.kind > KIND_ACC_GYRO) return false;
  if (config.kind == KIND_ACC_GYRO) {
    if (!(abilities.capabilities & HAS_GYRO) || config.gyrRange > 4) return false;
    config.gyrRange = nearestGyrRange(config.gyrRange, abilities.gyrRanges);
  } else {
    config.gyrRange = 0;
  }
  out = config;
  return true;
}

inline void writeConfig(const Config &config, uint8_t out[CONFIG_BYTES]) {
  putU16(out, config.rateHz);
  out[2] = config.accRange;
  out[3] = config.gyrRange;
  out[4] = config.kind;
  out[5] = config.samples;
  putU16(out + 6, 0);
}

inline bool readCue(const uint8_t *bytes, size_t length, Cue &out) {
  if (length < CUE_BYTES) return false;
  out.actuators = bytes[0];
  out.strength = bytes[1];
  out.onMs = getU16(bytes + 2);
  out.offMs = getU16(bytes + 4);
  out.times = bytes[6];
  out.index = bytes[7];
  return true;
}

inline void writeEvent(uint8_t kind, uint8_t argument, uint32_t timeUs, uint8_t out[EVENT_BYTES]) {
  out[0] = kind;
  out[1] = argument;
  putU32(out + 2, timeUs);
}

// Samples in, packets out. What the radio does not take in time is dropped here, and the next packet says so.
class Packets {
 public:
  // From now on: an empty queue, packets of at most this many bytes. Packet numbers go on.
  void begin(const Config &config, size_t room) {
    config_ = config;
    setRoom(room);
    length_ = 0;
    first_ = count_ = 0;
    dropped_ = false;
  }

  // The link carries packets of this many bytes; may change while streaming.
  void setRoom(size_t room) {
    const size_t most = room < PACKET_BYTES ? room : PACKET_BYTES;
    size_t samples = most > HEADER_BYTES ? (most - HEADER_BYTES) / sampleBytes(config_.kind) : 0;
    if (config_.samples && config_.samples < samples) samples = config_.samples;
    full_ = HEADER_BYTES + (samples ? samples : 1) * sampleBytes(config_.kind);
  }

  // A sample was missed before the next one: what is begun ends here, for the samples of a packet are evenly spaced.
  void missed() {
    finish();
    dropped_ = true;
  }

  void add(uint32_t timeUs, const float accG[3], const float gyrDps[3]) {
    if (!length_) open(timeUs);
    for (int axis = 0; axis < 3; axis++) put(toCount(accG[axis], accCounts(config_.accRange)));
    for (int axis = 0; axis < 3 && config_.kind == KIND_ACC_GYRO; axis++) {
      put(toCount(gyrDps[axis], gyrCounts(config_.gyrRange)));
    }
    if (length_ >= full_) finish();
  }

  bool waiting() const { return count_ > 0; }

  // The packet to be sent next, its number written into it. Only while one is waiting.
  const uint8_t *packet(size_t &length) {
    Packet &next = queue_[first_];
    next.bytes[0] = static_cast<uint8_t>((next.bytes[0] & ~FLAG_RESTARTED) | (restarted_ ? FLAG_RESTARTED : 0));
    putU16(next.bytes + 2, number_);
    length = next.length;
    return next.bytes;
  }

  // The radio has it. While it took it, begin() may have emptied the queue: radios serve their host in between.
  void sent() {
    if (count_) {
      first_ = (first_ + 1) % QUEUE_PACKETS;
      count_--;
    }
    number_++;
    restarted_ = false;
  }

 private:
  struct Packet {
    uint8_t bytes[PACKET_BYTES];
    size_t length;
  };

  void open(uint32_t timeUs) {
    const uint8_t flags = dropped_ ? FLAG_DROPPED : 0;
    dropped_ = false;
    building_[0] = static_cast<uint8_t>((PROFILE_VERSION << 5) | flags | config_.kind);
    building_[1] = static_cast<uint8_t>(config_.accRange | (config_.gyrRange << 4));
    putU32(building_ + 4, timeUs);
    length_ = HEADER_BYTES;
  }

  void put(int16_t value) {
    putU16(building_ + length_, static_cast<uint16_t>(value));
    length_ += 2;
  }

  void finish() {
    if (!length_) return;
    if (count_ == QUEUE_PACKETS) {
      dropped_ = true;  // the next packet says so
    } else {
      Packet &last = queue_[(first_ + count_) % QUEUE_PACKETS];
      memcpy(last.bytes, building_, length_);
      last.length = length_;
      count_++;
    }
    length_ = 0;
  }

  Config config_ = {0, 0, 0, 0, 0};
  Packet queue_[QUEUE_PACKETS];
  uint8_t building_[PACKET_BYTES];
  size_t length_ = 0;
  size_t full_ = HEADER_BYTES;
  size_t first_ = 0;
  size_t count_ = 0;
  uint16_t number_ = 0;
  bool dropped_ = false;
  bool restarted_ = true;  // since this boot nothing has been sent
};

// Bits of noise into a number that differs from boot to boot.
inline uint32_t stir(uint32_t hash, const void *bytes, size_t length) {
  const uint8_t *at = static_cast<const uint8_t *>(bytes);
  for (size_t k = 0; k < length; k++) hash = (hash ^ at[k]) * 16777619u;
  return hash;
}

}  // namespace open_imu
