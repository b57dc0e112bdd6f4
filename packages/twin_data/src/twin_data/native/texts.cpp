// Equal texts, and parts of texts.
#include <algorithm>

#include "hashing.hpp"
#include "parallel.hpp"

namespace {

constexpr size_t DOCUMENTS_A_PART = 256;

}  // namespace

extern "C" {

void release(void* data) { std::free(data); }

// `first[row]`: the first row with the same bytes.
int identical(const uint8_t* views, const uint8_t* const* buffers, int64_t rows, unsigned threads, uint32_t* first) {
  return guarded([&] {
    const Texts texts(views, buffers, static_cast<size_t>(rows));
    std::vector<uint64_t> hashes(texts.rows());
    parallel(threads, (texts.rows() + DOCUMENTS_A_PART - 1) / DOCUMENTS_A_PART, [&](unsigned, size_t part) {
      const size_t end = std::min(texts.rows(), (part + 1) * DOCUMENTS_A_PART);
      for (size_t row = part * DOCUMENTS_A_PART; row < end; ++row) hashes[row] = hash_bytes(texts[row].bytes, texts[row].size);
    });
    const size_t size = power_of_two(texts.rows() * 2), mask = size - 1;
    std::vector<uint32_t> slots(size, UINT32_MAX);
    for (size_t row = 0; row < texts.rows(); ++row) {
      const Text text = texts[row];
      size_t at = hashes[row] & mask;
      for (; slots[at] != UINT32_MAX; at = (at + 1) & mask) {
        const uint32_t other = slots[at];
        if (hashes[other] != hashes[row]) continue;
        const Text same = texts[other];
        if (same.size == text.size && std::memcmp(same.bytes, text.bytes, text.size) == 0) break;
      }
      if (slots[at] == UINT32_MAX) slots[at] = static_cast<uint32_t>(row);
      first[row] = slots[at];
    }
  });
}

// Copies of parts of texts, joined. `parts` lists (row, start, end) in code points, by row and then start. With `copied`
// null only `sizes`, bytes a row, are filled.
int cut(const uint8_t* views, const uint8_t* const* buffers, int64_t rows, unsigned, const int64_t* parts, int64_t count,
        const uint8_t* separator, int64_t separator_size, int64_t* sizes, uint8_t* copied) {
  return guarded([&] {
    const Texts texts(views, buffers, static_cast<size_t>(rows));
    int64_t row = -1, point = 0;
    const uint8_t *at = nullptr, *end = nullptr;
    const auto go_to = [&](int64_t to) {
      for (; point < to && at < end; ++point)
        for (++at; at < end && (*at & 0xC0) == 0x80;) ++at;
    };
    for (int64_t one = 0; one < count; ++one, parts += 3) {
      if (parts[0] != row || parts[1] < point) {
        const bool is_same = parts[0] == row;
        row = parts[0], point = 0;
        const Text text = texts[static_cast<size_t>(row)];
        at = text.bytes, end = text.bytes + text.size;
        if (!is_same) sizes[row] = -separator_size;
      }
      go_to(parts[1]);
      const uint8_t* from = at;
      go_to(parts[2]);
      if (copied && sizes[row] >= 0) std::memcpy(copied, separator, static_cast<size_t>(separator_size)), copied += separator_size;
      if (copied && from < at) std::memcpy(copied, from, static_cast<size_t>(at - from)), copied += at - from;
      sizes[row] += separator_size + (at - from);
    }
  });
}
}
