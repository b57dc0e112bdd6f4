// Near duplicates. Nothing is estimated: pairs are found through an inverted index of shingles, and measured by the
// Jaccard index of the two whole sets (Broder, 1997).
#include <algorithm>
#include <memory>
#include <stdexcept>

#include "hashing.hpp"
#include "parallel.hpp"
#include "words.hpp"

namespace {

constexpr size_t DOCUMENTS_A_PART = 256;
constexpr size_t ENTRIES_A_BUCKET = size_t{1} << 14;  // a bucket's hash table stays in the second-level cache

struct __attribute__((packed)) Entry {
  uint64_t hash;
  uint32_t document;
};

// A list that grows by blocks: nothing is copied, and no half of it lies idle.
class Entries {
 public:
  void add(uint64_t hash, uint32_t document) {
    if (size_ % BLOCK == 0) blocks_.emplace_back(new Entry[BLOCK]);
    blocks_.back()[size_++ % BLOCK] = {hash, document};
  }
  size_t size() const { return size_; }
  template <class Each>
  void each(Each visit) const {
    for (size_t at = 0; at < size_; ++at) visit(blocks_[at / BLOCK][at % BLOCK]);
  }

 private:
  static constexpr size_t BLOCK = 256;
  std::vector<std::unique_ptr<Entry[]>> blocks_;
  size_t size_ = 0;
};

// Calls `found(hash)` for each shingle: each run of `length` words, or all words of a text that has fewer.
template <class Found>
void each_shingle(Text text, unsigned length, std::vector<uint64_t>& recent, Found found) {
  recent.assign(length, 0);
  RunHash run(length);
  size_t words = 0, place = 0;
  each_word<false>(text.bytes, text.size, [&](Word word) {
    run.add(word.hash, recent[place]);
    recent[place] = word.hash;
    if (++place == length) place = 0;
    if (++words >= length) found(run.value());
  });
  if (words && words < length) found(mix(run.value(), words));
}

constexpr uint32_t FIRST = 0x80000000u;

// Documents of each shingle that between 2 and `cap` of them hold, in ascending order, the first one marked; and for
// the shingles of more documents, which are set phrases, (document, shingle).
struct Postings {
  std::vector<uint32_t> rare;
  std::vector<std::pair<uint32_t, uint32_t>> frequent;
};

struct Similar {
  uint32_t better, worse, shared;
};

struct Bars {
  unsigned shingle_words, cap;
  double near_duplicate, same_family;
  unsigned min_shared;
  size_t pass_shingles;  // bounds what the shingles of one pass take, 12 bytes each
};

class Index {
 public:
  Index(const Texts& texts, const Bars& bars, unsigned threads) : texts_(texts), bars_(bars), threads_(threads), sizes_(texts.rows()) {
    size_t bytes = 0;
    for (size_t row = 0; row < texts.rows(); ++row) bytes += texts[row].size;
    const size_t expected = bytes / 5 + 1, passes = (expected - 1) / bars.pass_shingles + 1;
    while (buckets_ * passes * ENTRIES_A_BUCKET < expected && buckets_ < 2048) buckets_ *= 2;
    for (size_t pass = 0; pass < passes; ++pass) collect(pass, passes);
    invert();
  }
  const std::vector<std::atomic<uint32_t>>& sizes() const { return sizes_; }
  void similar(Result* result) const;

 private:
  void collect(size_t pass, size_t passes);
  Postings group(const std::vector<std::vector<Entries>>& parts, size_t bucket);
  void invert();
  bool passes_bars(uint32_t a, uint32_t b, uint32_t shared) const {
    const double size_a = sizes_[a], size_b = sizes_[b];
    return shared / (size_a + size_b - shared) >= bars_.near_duplicate ||
           (shared >= bars_.min_shared && shared / std::min(size_a, size_b) >= bars_.same_family);
  }
  uint32_t frequent_shared(uint32_t a, uint32_t b) const;
  uint32_t frequent_size(uint32_t a) const { return frequent_at_[a + 1] - frequent_at_[a]; }

  const Texts& texts_;
  const Bars bars_;
  const unsigned threads_;
  size_t buckets_ = 16;
  uint32_t shingles_ = 0;
  std::vector<std::atomic<uint32_t>> sizes_;
  std::vector<uint32_t> rare_, rare_at_, places_, frequent_at_, frequent_;
  std::vector<std::pair<uint32_t, uint32_t>> frequent_pairs_;
};

// One pass: the shingles whose hash falls to it, sorted into buckets by hash and grouped.
void Index::collect(size_t pass, size_t passes) {
  // Contiguous parts, each with buckets of its own, so that a bucket's entries come in order of the documents.
  const size_t parts = std::min<size_t>(threads_ * 4, texts_.rows());
  std::vector<std::vector<Entries>> filled(parts);
  parallel(threads_, parts, [&](unsigned, size_t part) {
    auto& mine = filled[part];
    mine.resize(buckets_);
    std::vector<uint64_t> recent;
    for (size_t row = texts_.rows() * part / parts; row < texts_.rows() * (part + 1) / parts; ++row) {
      uint32_t count = 0;
      each_shingle(texts_[row], bars_.shingle_words, recent, [&](uint64_t hash) {
        if (passes > 1 && (hash >> 40) % passes != pass) return;
        mine[hash & (buckets_ - 1)].add(hash, static_cast<uint32_t>(row));
        ++count;
      });
      sizes_[row] += count;
    }
  });
  std::vector<Postings> grouped(buckets_);
  parallel(threads_, buckets_, [&](unsigned, size_t bucket) { grouped[bucket] = group(filled, bucket); });
  filled.clear();
  for (auto& one : grouped) {
    rare_.insert(rare_.end(), one.rare.begin(), one.rare.end());
    if (rare_.size() >= UINT32_MAX) throw std::length_error("postings");
    uint32_t last = 0;
    for (const auto& [document, shingle] : one.frequent) {
      frequent_pairs_.emplace_back(document, shingles_ + shingle);
      last = std::max(last, shingle + 1);
    }
    shingles_ += last;
    one = Postings();
  }
}

Postings Index::group(const std::vector<std::vector<Entries>>& parts, size_t bucket) {
  struct Slot {
    uint64_t hash;
    uint32_t last, documents;  // the document last seen, and how many so far
  };
  size_t entries = 0;
  for (const auto& part : parts) entries += part.empty() ? 0 : part[bucket].size();
  const size_t size = power_of_two(entries * 2), mask = size - 1;
  std::vector<Slot> slots(size, Slot{0, 0, 0});
  const auto slot_of = [&](uint64_t hash) -> Slot& {
    size_t at = (hash >> 12) & mask;
    while (slots[at].documents && slots[at].hash != hash) at = (at + 1) & mask;
    return slots[at];
  };
  const auto each = [&](auto visit) {
    for (const auto& part : parts)
      if (!part.empty()) part[bucket].each(visit);
  };
  each([&](Entry entry) {
    Slot& slot = slot_of(entry.hash);
    if (slot.documents && slot.last == entry.document) {
      --sizes_[entry.document];  // twice in one document: a set holds it once
      return;
    }
    slot = {entry.hash, entry.document, slot.documents + 1};
  });
  // From here on `last` is the shingle's number among the rare or the frequent ones.
  std::vector<uint32_t> next;  // where a rare shingle's next document goes
  std::vector<uint32_t> last_seen;  // the last document of a frequent one
  uint32_t postings = 0;
  for (auto& slot : slots) {
    if (slot.documents < 2) continue;
    const bool is_rare = slot.documents <= bars_.cap;
    slot.last = static_cast<uint32_t>(is_rare ? next.size() : last_seen.size());
    if (is_rare) next.push_back(postings), postings += slot.documents;
    else last_seen.push_back(UINT32_MAX);
  }
  const std::vector<uint32_t> begins = next;
  Postings found;
  found.rare.resize(postings);
  each([&](Entry entry) {
    const Slot& slot = slot_of(entry.hash);
    if (slot.documents < 2) return;
    if (slot.documents > bars_.cap) {
      if (last_seen[slot.last] != entry.document) found.frequent.emplace_back(uint32_t{entry.document}, slot.last);
      last_seen[slot.last] = entry.document;
      return;
    }
    uint32_t& at = next[slot.last];
    if (at == begins[slot.last]) found.rare[at++] = entry.document | FIRST;
    else if ((found.rare[at - 1] & ~FIRST) != entry.document) found.rare[at++] = entry.document;
  });
  return found;
}

// For each document the places of its postings, and its frequent shingles in ascending order.
void Index::invert() {
  const size_t rows = texts_.rows();
  rare_at_.assign(rows + 1, 0);
  for (const uint32_t one : rare_) ++rare_at_[(one & ~FIRST) + 1];
  for (size_t row = 0; row < rows; ++row) rare_at_[row + 1] += rare_at_[row];
  places_.resize(rare_.size());
  std::vector<uint32_t> next(rare_at_.begin(), rare_at_.end() - 1);
  for (size_t at = 0; at < rare_.size(); ++at) places_[next[rare_[at] & ~FIRST]++] = static_cast<uint32_t>(at);
  std::sort(frequent_pairs_.begin(), frequent_pairs_.end());
  frequent_at_.assign(rows + 1, 0);
  for (const auto& [document, shingle] : frequent_pairs_) {
    ++frequent_at_[document + 1];
    frequent_.push_back(shingle);
  }
  for (size_t row = 0; row < rows; ++row) frequent_at_[row + 1] += frequent_at_[row];
  frequent_pairs_ = {};
}

uint32_t Index::frequent_shared(uint32_t a, uint32_t b) const {
  uint32_t at = frequent_at_[a], other = frequent_at_[b], shared = 0;
  while (at < frequent_at_[a + 1] && other < frequent_at_[b + 1]) {
    if (frequent_[at] == frequent_[other]) ++shared, ++at, ++other;
    else if (frequent_[at] < frequent_[other]) ++at;
    else ++other;
  }
  return shared;
}

// The pairs over one of the bars, by the later document and then the earlier one.
void Index::similar(Result* result) const {
  const size_t rows = texts_.rows(), parts = (rows + DOCUMENTS_A_PART - 1) / DOCUMENTS_A_PART;
  std::vector<std::vector<Similar>> found(parts);
  std::vector<std::vector<uint32_t>> counts(threads_), touched(threads_);
  parallel(threads_, parts, [&](unsigned thread, size_t part) {
    auto& count = counts[thread];
    auto& others = touched[thread];
    count.resize(rows);
    for (size_t row = part * DOCUMENTS_A_PART; row < std::min(rows, (part + 1) * DOCUMENTS_A_PART); ++row) {
      const uint32_t document = static_cast<uint32_t>(row);
      for (uint32_t place = rare_at_[row]; place < rare_at_[row + 1]; ++place)
        for (uint32_t at = places_[place]; !(rare_[at] & FIRST);) {
          const uint32_t other = rare_[--at] & ~FIRST;
          if (count[other]++ == 0) others.push_back(other);
        }
      std::sort(others.begin(), others.end());
      for (const uint32_t other : others) {
        uint32_t shared = count[other];
        count[other] = 0;
        if (!passes_bars(other, document, shared + std::min(frequent_size(other), frequent_size(document)))) continue;
        shared += frequent_shared(other, document);
        if (passes_bars(other, document, shared)) found[part].push_back({other, document, shared});
      }
      others.clear();
    }
  });
  give(result, found);
}

}  // namespace

extern "C" {

// Pairs of rows that are near duplicates or of one family, and the number of different shingles of each row.
int similar_pairs(const uint8_t* views, const uint8_t* const* buffers, int64_t rows, unsigned threads, unsigned shingle_words,
                  unsigned cap, double near_duplicate, double same_family, unsigned min_shared, int64_t pass_shingles,
                  uint32_t* sizes, Result* pairs) {
  return guarded([&] {
    const Texts texts(views, buffers, static_cast<size_t>(rows));
    const Bars bars{shingle_words, cap, near_duplicate, same_family, min_shared, static_cast<size_t>(pass_shingles)};
    const Index index(texts, bars, threads);
    for (size_t row = 0; row < texts.rows(); ++row) sizes[row] = index.sizes()[row];
    index.similar(pairs);
  });
}

// `better[row]`: the row that this one is dropped for, or itself. A row is dropped only for one that stays.
int keep_better(const uint32_t* earlier, const uint32_t* later, int64_t pairs, int64_t rows, uint32_t* better) {
  for (int64_t row = 0; row < rows; ++row) better[row] = static_cast<uint32_t>(row);
  for (int64_t at = 0; at < pairs; ++at)
    if (better[later[at]] == later[at] && better[earlier[at]] == earlier[at]) better[later[at]] = earlier[at];
  return DONE;
}
}
