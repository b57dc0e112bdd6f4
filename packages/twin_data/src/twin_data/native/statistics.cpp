// What the quality rules of Gopher (Rae et al., 2021) and FineWeb (Penedo et al., 2024) count in a text. A word is a run of
// characters that are no white space.
#include <algorithm>

#include "hashing.hpp"
#include "parallel.hpp"
#include "words.hpp"

namespace {

constexpr size_t DOCUMENTS_A_PART = 64;
constexpr uint32_t ELLIPSIS = 0x2026, BULLET = 0x2022;
constexpr unsigned SHORT_LINE = 30;
constexpr unsigned FIRST_TOP = 2, TOPS = 3, FIRST_DUPLICATE = 5, DUPLICATES = 6;

// One row of the result; `Statistics` in statistics.py names the columns.
struct Statistics {
  uint32_t characters, words, alphabetic_words, word_characters, non_symbol_words, non_symbol_characters, hashes, ellipses,
      lines, bullet_lines, ellipsis_lines, stop_words, paragraphs, duplicate_paragraphs, duplicate_paragraph_characters, runs,
      duplicate_runs, duplicate_run_characters, top_gram_characters[TOPS], duplicate_gram_characters[DUPLICATES],
      filled_lines, terminal_lines, short_lines, duplicate_line_characters, new_lines;
};

// A hash table that is emptied for each text, from hashes to where they were first seen.
class Seen {
 public:
  void empty(size_t expected) {
    size_ = power_of_two(expected * 2);
    if (keys_.size() < size_) keys_.resize(size_), values_.resize(size_);
    std::fill(keys_.begin(), keys_.begin() + static_cast<ptrdiff_t>(size_), 0);
  }
  // The value under the hash, set to `fresh` if there was none; `is_new` says which.
  uint32_t& find(uint64_t hash, uint32_t fresh, bool& is_new) {
    hash += hash == 0;
    size_t at = hash & (size_ - 1);
    while (keys_[at] && keys_[at] != hash) at = (at + 1) & (size_ - 1);
    is_new = keys_[at] == 0;
    if (is_new) keys_[at] = hash, values_[at] = fresh;
    return values_[at];
  }
  bool add(uint64_t hash) {
    bool is_new;
    find(hash, 0, is_new);
    return is_new;
  }

 private:
  size_t size_ = 0;
  std::vector<uint64_t> keys_;
  std::vector<uint32_t> values_;
};

constexpr uint64_t PRIME = (uint64_t{1} << 61) - 1;  // hashes of joined words are polynomials modulo this
constexpr uint64_t BASE = 0x0BF58476D1CE4E5Bu % PRIME;

uint64_t times(uint64_t a, uint64_t b) {
  const __uint128_t product = static_cast<__uint128_t>(a) * b;
  uint64_t sum = (static_cast<uint64_t>(product) & PRIME) + static_cast<uint64_t>(product >> 61);
  return sum >= PRIME ? sum - PRIME : sum;
}
uint64_t plus(uint64_t a, uint64_t b) { return a + b >= PRIME ? a + b - PRIME : a + b; }
uint64_t minus(uint64_t a, uint64_t b) { return a >= b ? a - b : a + PRIME - b; }

bool ends_line(uint32_t point) {  // where Python's splitlines splits
  return (point >= 0x0A && point <= 0x0D) || (point >= 0x1C && point <= 0x1E) || point == 0x85 || point == 0x2028 || point == 0x2029;
}

uint32_t characters_of(const uint8_t* from, const uint8_t* to) {
  uint32_t count = 0;
  for (; from < to; ++from) count += (*from & 0xC0) != 0x80;
  return count;
}

class Reader {
 public:
  Statistics read(Text text) {
    text_ = text.bytes, size_ = text.size;
    found_ = Statistics{};
    ends_.assign(1, 0), points_.assign(1, 0), prefix_.assign(1, 0);
    stop_words_ = 0;
    scan();
    found_.stop_words = static_cast<uint32_t>(__builtin_popcount(stop_words_));
    lines();
    pieces();
    for (unsigned at = 0; at < TOPS; ++at) found_.top_gram_characters[at] = top_gram(FIRST_TOP + at);
    for (unsigned at = 0; at < DUPLICATES; ++at) found_.duplicate_gram_characters[at] = duplicate_grams(FIRST_DUPLICATE + at);
    return found_;
  }

 private:
  void scan();
  void close_word(size_t start, size_t end, uint32_t points, bool alphabetic, bool symbols);
  void lines();
  void pieces();
  void filled_line(const uint8_t* from, const uint8_t* to);
  uint32_t top_gram(unsigned length);
  uint32_t duplicate_grams(unsigned length);
  uint64_t power(uint32_t exponent) {
    while (powers_.size() <= exponent) powers_.push_back(times(powers_.back(), BASE));
    return powers_[exponent];
  }
  uint64_t joined(size_t from, size_t to) { return minus(prefix_[to], times(prefix_[from], power(ends_[to] - ends_[from]))); }

  const uint8_t* text_ = nullptr;
  size_t size_ = 0;
  Statistics found_{};
  unsigned stop_words_ = 0;
  std::vector<uint32_t> ends_, points_;   // bytes and code points of the words so far, by number of words
  std::vector<uint64_t> prefix_;          // hash of the words so far, joined
  std::vector<uint64_t> word_hashes_, powers_{1};
  std::vector<uint32_t> counts_;
  Seen seen_;
};

// Words and single characters.
void Reader::scan() {
  word_hashes_.clear();
  size_t at = 0, start = 0;
  uint32_t points = 0, dots = 0;
  bool in_word = false, alphabetic = false, symbols = true;
  while (at < size_) {
    int bytes;
    const uint32_t point = decode(text_ + at, bytes);
    const uint8_t traits = traits_of(point), kind = traits & CLASS_BITS;
    ++found_.characters;
    found_.hashes += point == '#';
    found_.ellipses += point == ELLIPSIS;
    found_.new_lines += point == '\n';
    dots = point == '.' ? dots + 1 : 0;
    if (dots == 3) ++found_.ellipses, dots = 0;
    if (kind == SPACE) {
      if (in_word) close_word(start, at, points, alphabetic, symbols);
      in_word = false;
    } else {
      if (!in_word) start = at, points = 0, in_word = symbols = true, alphabetic = false;
      ++points;
      alphabetic |= kind == LETTER;
      symbols &= (traits & PUNCTUATION) != 0;
    }
    at += static_cast<size_t>(bytes);
  }
  if (in_word) close_word(start, at, points, alphabetic, symbols);
}

void Reader::close_word(size_t start, size_t end, uint32_t points, bool alphabetic, bool symbols) {
  static const char* const STOP_WORDS[] = {"the", "be", "to", "of", "and", "that", "have", "with"};
  const size_t size = end - start;
  ++found_.words;
  found_.word_characters += points;
  found_.alphabetic_words += alphabetic;
  if (!symbols) ++found_.non_symbol_words, found_.non_symbol_characters += points;
  if (size <= 4)
    for (unsigned at = 0; at < 8; ++at)
      if (std::strlen(STOP_WORDS[at]) == size && std::memcmp(STOP_WORDS[at], text_ + start, size) == 0) stop_words_ |= 1u << at;
  uint64_t hash = prefix_.back();
  for (size_t at = start; at < end; ++at) hash = plus(times(hash, BASE), text_[at] + 1u);
  prefix_.push_back(hash);
  ends_.push_back(ends_.back() + static_cast<uint32_t>(size));
  points_.push_back(points_.back() + points);
  word_hashes_.push_back(hash_bytes(text_ + start, size));
}

// Lines as Python's splitlines makes them: how many begin with a bullet or end in an ellipsis.
void Reader::lines() {
  size_t at = 0;
  while (at < size_) {
    uint32_t first = 0, last = 0, dots = 0, point = 0;  // the first and last character that is no white space, and dots at the end
    bool blank = true, gap = false;  // NUL is a character too, so that `first` alone could not say whether there was one
    int bytes = 1;
    for (; at < size_; at += static_cast<size_t>(bytes)) {
      point = decode(text_ + at, bytes);
      if (ends_line(point)) break;
      if (class_of(point) == SPACE) {
        gap = true;
        continue;
      }
      if (gap) dots = 0, gap = false;  // only dots that stand together count; white space behind them is nothing
      if (blank) first = point, blank = false;
      dots = point == '.' ? dots + 1 : 0;
      last = point;
    }
    ++found_.lines;
    found_.bullet_lines += first == BULLET || first == '-';
    found_.ellipsis_lines += last == ELLIPSIS || dots >= 3;
    if (at < size_) {
      const bool is_return = point == '\r';
      at += static_cast<size_t>(bytes);
      if (is_return && at < size_ && text_[at] == '\n') ++at;
    }
  }
}

// Paragraphs (two line feeds or more between), lines as Gopher's repetition rules split them (one or more), and FineWeb's (one).
void Reader::pieces() {
  const uint8_t *begin = text_, *end = text_ + size_;
  int bytes;
  const uint8_t *from = begin, *to = end;
  while (from < to && class_of(decode(from, bytes)) == SPACE) from += bytes;
  while (to > from) {
    const uint8_t* last = to - 1;
    while ((*last & 0xC0) == 0x80) --last;
    if (class_of(decode(last, bytes)) != SPACE) break;
    to = last;
  }
  seen_.empty(static_cast<size_t>(std::count(from, to, '\n')) + 1);
  const auto repeated = [&](const uint8_t* piece, const uint8_t* piece_end, uint32_t& count, uint32_t& characters) {
    if (seen_.add(hash_bytes(piece, static_cast<size_t>(piece_end - piece)))) return;
    ++count;
    characters += characters_of(piece, piece_end);
  };
  // The pieces of [from, to) between runs of at least `least` line feeds.
  const auto split = [](const uint8_t* at, const uint8_t* stop, size_t least, auto visit) {
    const uint8_t* start = at;
    while ((at = static_cast<const uint8_t*>(std::memchr(at, '\n', static_cast<size_t>(stop - at))))) {
      const uint8_t* after = at;
      while (after < stop && *after == '\n') ++after;
      if (static_cast<size_t>(after - at) >= least) visit(start, at), start = after;
      at = after;
    }
    visit(start, stop);
  };
  split(from, to, 2, [&](const uint8_t* piece, const uint8_t* piece_end) {
    ++found_.paragraphs;
    repeated(piece, piece_end, found_.duplicate_paragraphs, found_.duplicate_paragraph_characters);
  });
  seen_.empty(found_.new_lines + 1);
  split(begin, end, 1, [&](const uint8_t* piece, const uint8_t* piece_end) {
    ++found_.runs;
    repeated(piece, piece_end, found_.duplicate_runs, found_.duplicate_run_characters);
  });
  seen_.empty(found_.new_lines + 1);
  for (const uint8_t* at = begin; at <= end;) {
    const auto* feed = static_cast<const uint8_t*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
    const uint8_t* line_end = feed ? feed : end;
    filled_line(at, line_end);
    at = line_end + 1;
  }
}

void Reader::filled_line(const uint8_t* from, const uint8_t* to) {
  bool filled = false;
  uint32_t characters = 0, last = 0;
  int bytes;
  for (const uint8_t* at = from; at < to; at += bytes, ++characters) {
    last = decode(at, bytes);
    filled |= class_of(last) != SPACE;
  }
  if (!filled) return;
  ++found_.filled_lines;
  found_.terminal_lines += (traits_of(last) & TERMINAL) != 0;
  found_.short_lines += characters <= SHORT_LINE;
  if (!seen_.add(hash_bytes(from, static_cast<size_t>(to - from)))) found_.duplicate_line_characters += characters;
}

// Characters that the most frequent run of words takes, spaces within it counted; of equally frequent ones the first.
uint32_t Reader::top_gram(unsigned length) {
  if (found_.words < length) return 0;
  const size_t grams = found_.words - length + 1;
  seen_.empty(grams);
  counts_.clear();
  std::vector<uint32_t> firsts;
  for (size_t at = 0; at < grams; ++at) {
    uint64_t hash = length;
    for (unsigned word = 0; word < length; ++word) hash = mix(hash ^ word_hashes_[at + word], 0xA0761D6478BD642Fu);
    bool is_new;
    const uint32_t number = seen_.find(hash, static_cast<uint32_t>(counts_.size()), is_new);
    if (is_new) counts_.push_back(0), firsts.push_back(static_cast<uint32_t>(at));
    ++counts_[number];
  }
  const auto top = std::max_element(counts_.begin(), counts_.end());
  const uint32_t first = firsts[static_cast<size_t>(top - counts_.begin())];
  return (points_[first + length] - points_[first] + length - 1) * *top;
}

// Characters of the runs of words that were there before, no word counted twice.
uint32_t Reader::duplicate_grams(unsigned length) {
  if (found_.words < length) return 0;
  seen_.empty(found_.words);
  uint32_t characters = 0;
  for (size_t at = 0; at + length <= found_.words;) {
    if (seen_.add(joined(at, at + length))) {
      ++at;
      continue;
    }
    characters += points_[at + length] - points_[at];
    at += length;
  }
  return characters;
}

}  // namespace

extern "C" {

// One row of `Statistics` a text.
int text_statistics(const uint8_t* views, const uint8_t* const* buffers, int64_t rows, unsigned threads, uint32_t* result) {
  return guarded([&] {
    const Texts texts(views, buffers, static_cast<size_t>(rows));
    std::vector<Reader> readers(threads);
    parallel(threads, (texts.rows() + DOCUMENTS_A_PART - 1) / DOCUMENTS_A_PART, [&](unsigned thread, size_t part) {
      for (size_t row = part * DOCUMENTS_A_PART; row < std::min(texts.rows(), (part + 1) * DOCUMENTS_A_PART); ++row) {
        const Statistics found = readers[thread].read(texts[row]);
        std::memcpy(result + row * (sizeof(Statistics) / 4), &found, sizeof(Statistics));
      }
    });
  });
}
}
