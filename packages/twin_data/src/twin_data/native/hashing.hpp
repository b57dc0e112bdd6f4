// Hashes of 64 bits, by multiplying and folding.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

inline uint64_t mix(uint64_t a, uint64_t b) {
  const __uint128_t product = static_cast<__uint128_t>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t load(const uint8_t* at) {
  uint64_t value;
  std::memcpy(&value, at, 8);
  return value;
}

inline uint64_t hash_bytes(const uint8_t* at, size_t left) {
  constexpr uint64_t K[4] = {0xA0761D6478BD642Fu, 0xE7037ED1A0B428DBu, 0x8EBC6AF09C88C6E3u, 0x589965CC75374CC3u};
  uint64_t lanes[4] = {K[0] ^ left, K[1], K[2], K[3]};
  for (; left >= 64; left -= 64, at += 64)
    for (int lane = 0; lane < 4; ++lane) lanes[lane] = mix(load(at + 16 * lane) ^ K[lane], load(at + 16 * lane + 8) ^ lanes[lane]);
  for (; left >= 8; left -= 8, at += 8) lanes[0] = mix(load(at) ^ K[1], lanes[0] ^ K[2]);
  uint64_t last = 0;
  if (left) std::memcpy(&last, at, left);
  lanes[0] = mix(last ^ K[3], lanes[0] ^ K[0]);
  return mix(lanes[0] ^ lanes[1], lanes[2] ^ lanes[3] ^ K[1]);
}

inline size_t power_of_two(size_t at_least) {
  size_t size = 16;
  while (size < at_least) size *= 2;
  return size;
}
