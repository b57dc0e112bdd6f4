// Words of a UTF-8 text, as `twin_data.scoring.sentences.WORD` finds them, and hashes of runs of them.
//
// WORD is \p{L}[\p{L}\p{M}]*(?:['’]\p{L}+)*|\p{N}+(?:[.,:]\p{N}+)*. A word is hashed in its case folding, with ’ as '.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "hashing.hpp"
#include "unicode_tables.h"

enum Class : uint8_t { OTHER = 0, LETTER = 1, MARK = 2, NUMBER = 3, SPACE = 4 };
constexpr uint32_t RIGHT_QUOTE = 0x2019;

constexpr uint8_t CLASS_BITS = 7, PUNCTUATION = 8, TERMINAL = 16;  // two flags lie beside the class

inline uint8_t traits_of(uint32_t point) { return CLASS_BLOCKS[CLASS_INDEX[point >> 7] * 128u + (point & 127u)]; }
inline uint8_t class_of(uint32_t point) { return traits_of(point) & CLASS_BITS; }
inline int32_t fold_of(uint32_t point) { return FOLD_BLOCKS[FOLD_INDEX[point >> 7] * 128u + (point & 127u)]; }

// The code point at `at` of valid UTF-8, and how many bytes it takes.
inline uint32_t decode(const uint8_t* at, int& bytes) {
  const uint32_t first = at[0];
  if (first < 0x80) return bytes = 1, first;
  if (first < 0xE0) return bytes = 2, (first & 0x1F) << 6 | (at[1] & 0x3Fu);
  if (first < 0xF0) return bytes = 3, (first & 0x0F) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
  return bytes = 4, (first & 0x07) << 18 | (at[1] & 0x3Fu) << 12 | (at[2] & 0x3Fu) << 6 | (at[3] & 0x3Fu);
}

// Hashes bytes eight at a time, the first of them lowest.
class WordHash {
 public:
  void add(uint8_t byte) {
    if (length_ && (length_ & 7) == 0) flush();
    lane_ |= static_cast<uint64_t>(byte) << (8 * (length_++ & 7));
  }
  // What `add` makes of each of `size` ASCII letters, in lower case; 8 bytes must be readable wherever one of them lies.
  void add_letters(const uint8_t* letters, size_t size) {
    constexpr uint64_t LOWER = 0x2020202020202020u;
    for (length_ = size; size > 8; size -= 8, letters += 8) {
      std::memcpy(&lane_, letters, 8);
      lane_ |= LOWER;
      flush();
    }
    std::memcpy(&lane_, letters, 8);
    lane_ = (lane_ | LOWER) & (~uint64_t{0} >> (64 - 8 * size));
  }
  void add_folded(uint32_t point) {
    const int32_t fold = fold_of(point);
    if (fold < SEVERAL) return add_point(point + fold);
    for (const int32_t one : FOLD_SEVERAL[fold & ~SEVERAL])
      if (one) add_point(static_cast<uint32_t>(one));
  }
  uint64_t value() const { return mix(state_ ^ lane_ ^ 0x9E3779B97F4A7C15u, 0xE7037ED1A0B428DBu ^ length_); }

 private:
  void flush() {
    state_ = mix(state_ ^ lane_, 0xA0761D6478BD642Fu);
    lane_ = 0;
  }
  void add_point(uint32_t point) {
    if (point < 0x80) return add(static_cast<uint8_t>(point));
    if (point < 0x800) {
      add(static_cast<uint8_t>(0xC0 | point >> 6));
    } else if (point < 0x10000) {
      add(static_cast<uint8_t>(0xE0 | point >> 12));
      add(static_cast<uint8_t>(0x80 | (point >> 6 & 0x3F)));
    } else {
      add(static_cast<uint8_t>(0xF0 | point >> 18));
      add(static_cast<uint8_t>(0x80 | (point >> 12 & 0x3F)));
      add(static_cast<uint8_t>(0x80 | (point >> 6 & 0x3F)));
    }
    add(static_cast<uint8_t>(0x80 | (point & 0x3F)));
  }
  uint64_t state_ = 0x8EBC6AF09C88C6E3u, lane_ = 0, length_ = 0;
};

constexpr size_t VECTOR = 32;

// How many of the next 32 bytes are ASCII letters, up to the first that is none.
inline size_t leading_letters(const uint8_t* at) {
#ifdef __AVX2__
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  const __m256i lower = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
  const __m256i from_a = _mm256_sub_epi8(lower, _mm256_set1_epi8('a'));
  const __m256i is_letter = _mm256_cmpeq_epi8(_mm256_min_epu8(from_a, _mm256_set1_epi8(25)), from_a);
  const uint32_t others = ~static_cast<uint32_t>(_mm256_movemask_epi8(is_letter));
  return others ? static_cast<size_t>(__builtin_ctz(others)) : VECTOR;
#else
  size_t letters = 0;
  while (letters < VECTOR && static_cast<uint8_t>((at[letters] | 0x20) - 'a') < 26) ++letters;
  return letters;
#endif
}

struct Word {
  uint64_t hash;
  uint32_t start, end;  // code points
};

// Calls `found(Word)` for each word of the text, in order. `COUNT` keeps offsets; without it they are 0.
template <bool COUNT, class Found>
void each_word(const uint8_t* text, size_t size, Found found) {
  size_t at = 0;
  uint32_t points = 0;
  int bytes;
  const size_t vectors = size < VECTOR ? 0 : size - VECTOR;  // from here on the slow way, which reads no further
  const auto next_class = [&](size_t from) -> uint8_t {
    if (from >= size) return OTHER;
    int ignored;
    return class_of(decode(text + from, ignored));
  };
  while (at < size) {
    if (at < vectors) {  // the usual case: ASCII letters, and then neither an apostrophe nor anything beyond ASCII
      const size_t letters = leading_letters(text + at);
      const uint8_t after = text[at + letters];
      if (letters && letters < VECTOR && after < 0x80 && after != '\'') {
        WordHash hash;
        hash.add_letters(text + at, letters);
        const uint32_t start = points;
        at += letters;
        if (COUNT) points += static_cast<uint32_t>(letters);
        found(Word{hash.value(), start, points});
        continue;
      }
    }
    uint32_t point = decode(text + at, bytes);
    uint8_t kind = class_of(point);
    if (kind != LETTER && kind != NUMBER) {
      at += bytes;
      if (COUNT) ++points;
      continue;
    }
    WordHash hash;
    const uint32_t start = points;
    const bool is_number = kind == NUMBER;
    bool after_quote = false;  // no marks there
    for (;;) {
      hash.add_folded(point);
      at += bytes;
      if (COUNT) ++points;
      if (at >= size) break;
      point = decode(text + at, bytes);
      kind = class_of(point);
      if (is_number) {
        if (kind == NUMBER) continue;
        if ((point != '.' && point != ',' && point != ':') || next_class(at + bytes) != NUMBER) break;
        hash.add(static_cast<uint8_t>(point));
      } else {
        if (kind == LETTER || (kind == MARK && !after_quote)) continue;
        if ((point != '\'' && point != RIGHT_QUOTE) || next_class(at + bytes) != LETTER) break;
        hash.add('\'');
        after_quote = true;
      }
      at += bytes;
      if (COUNT) ++points;
      point = decode(text + at, bytes);
    }
    found(Word{hash.value(), start, points});
  }
}

// Hashes of the runs of `length` words, each from the one before.
class RunHash {
 public:
  explicit RunHash(unsigned length) : length_(length) {
    for (unsigned i = 0; i < length; ++i) leaving_ *= BASE;
  }
  // Adds a word. `leaving` is the one `length` places before it, 0 where there is none.
  void add(uint64_t word, uint64_t leaving) { sum_ = sum_ * BASE + word - leaving * leaving_; }
  uint64_t value() const { return mix(sum_ ^ 0x589965CC75374CC3u, 0x1D8E4E27C47D124Fu ^ length_); }

 private:
  static constexpr uint64_t BASE = 0x9E3779B97F4A7C15u;
  unsigned length_;
  uint64_t sum_ = 0, leaving_ = 1;
};
