// Runs of words that training texts share with held-out ones.
#include <algorithm>

#include "parallel.hpp"
#include "words.hpp"

namespace {

constexpr size_t DOCUMENTS_A_PART = 64;

struct Shared {
  uint32_t row, start, end;
};

// Calls `found(hash, start, end)` for each run of `length` words.
template <class Found>
void each_run(Text text, unsigned length, std::vector<Word>& recent, Found found) {
  recent.assign(length, Word{0, 0, 0});
  RunHash run(length);
  size_t words = 0, place = 0;
  each_word<true>(text.bytes, text.size, [&](Word word) {
    run.add(word.hash, recent[place].hash);
    recent[place] = word;
    if (++place == length) place = 0;
    if (++words >= length) found(run.value(), recent[place].start, word.end);  // `place` is the oldest word's now
  });
}

// A set of hashes, with a bit field before it that answers most look-ups without it.
class HashSet {
 public:
  explicit HashSet(size_t hashes) {
    size_t slots = 1024;
    while (slots < hashes * 2) slots *= 2;
    slots_.assign(slots, 0);
    bits_.assign(slots / 8, 0);  // eight bits a slot
  }
  void add(uint64_t hash) {
    hash += hash == 0;
    bits_[word_of(hash)] |= bit_of(hash);
    size_t at = hash & (slots_.size() - 1);
    while (slots_[at] && slots_[at] != hash) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = hash;
  }
  bool has(uint64_t hash) const {
    hash += hash == 0;
    if (!(bits_[word_of(hash)] & bit_of(hash))) return false;
    size_t at = hash & (slots_.size() - 1);
    while (slots_[at] && slots_[at] != hash) at = (at + 1) & (slots_.size() - 1);
    return slots_[at] == hash;
  }

 private:
  size_t word_of(uint64_t hash) const { return (hash >> 6) & (bits_.size() - 1); }
  static uint64_t bit_of(uint64_t hash) { return uint64_t{1} << (hash & 63); }
  std::vector<uint64_t> slots_, bits_;
};

}  // namespace

extern "C" {

// Spans, in code points, of the rows marked in `training` that hold a run of a row marked in `held_out`; those that touch
// are one.
int shared_runs(const uint8_t* views, const uint8_t* const* buffers, int64_t rows, unsigned threads, const uint8_t* held_out,
                const uint8_t* training, unsigned length, Result* spans) {
  return guarded([&] {
    const Texts texts(views, buffers, static_cast<size_t>(rows));
    const size_t parts = (texts.rows() + DOCUMENTS_A_PART - 1) / DOCUMENTS_A_PART;
    const auto each_row = [&](size_t part, const uint8_t* marked, auto visit) {
      for (size_t row = part * DOCUMENTS_A_PART; row < std::min(texts.rows(), (part + 1) * DOCUMENTS_A_PART); ++row)
        if (marked[row]) visit(static_cast<uint32_t>(row));
    };
    std::vector<std::vector<uint64_t>> hashes(parts);
    parallel(threads, parts, [&](unsigned, size_t part) {
      std::vector<Word> recent;
      each_row(part, held_out, [&](uint32_t row) {
        each_run(texts[row], length, recent, [&](uint64_t hash, uint32_t, uint32_t) { hashes[part].push_back(hash); });
      });
    });
    size_t total = 0;
    for (const auto& one : hashes) total += one.size();
    HashSet known(total);
    for (auto& one : hashes) {
      for (const uint64_t hash : one) known.add(hash);
      one = {};
    }
    std::vector<std::vector<Shared>> found(parts);
    parallel(threads, total ? parts : 0, [&](unsigned, size_t part) {
      std::vector<Word> recent;
      auto& mine = found[part];
      each_row(part, training, [&](uint32_t row) {
        each_run(texts[row], length, recent, [&](uint64_t hash, uint32_t start, uint32_t end) {
          if (!known.has(hash)) return;
          if (!mine.empty() && mine.back().row == row && start <= mine.back().end) mine.back().end = end;
          else mine.push_back({row, start, end});
        });
      });
    });
    give(spans, found);
  });
}
}
