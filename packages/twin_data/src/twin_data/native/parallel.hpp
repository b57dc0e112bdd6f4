// Threads over ranges, texts in Arrow's string view layout, and results that outlive a call.
#pragma once
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

// Calls `work(thread, part)` for each part; the parts are handed out in order. Rethrows what a thread threw.
template <class Work>
void parallel(unsigned threads, size_t parts, Work work) {
  std::atomic<size_t> next{0};
  std::vector<std::exception_ptr> failures(threads);
  const auto loop = [&](unsigned thread) {
    try {
      for (size_t part; (part = next++) < parts;) work(thread, part);
    } catch (...) {
      failures[thread] = std::current_exception();
      next = parts;
    }
  };
  std::vector<std::thread> running;
  for (unsigned thread = 1; thread < threads && thread < parts; ++thread) running.emplace_back(loop, thread);
  loop(0);
  for (auto& one : running) one.join();
  for (auto& one : failures)
    if (one) std::rethrow_exception(one);
}

struct Text {
  const uint8_t* bytes;
  size_t size;
};

// A column of strings as Arrow's string views: 16 bytes a row, the longer texts in buffers beside them.
class Texts {
 public:
  Texts(const uint8_t* views, const uint8_t* const* buffers, size_t rows) : views_(views), buffers_(buffers), rows_(rows) {}
  size_t rows() const { return rows_; }
  Text operator[](size_t row) const {
    const uint8_t* view = views_ + row * 16;
    int32_t size, buffer, offset;
    std::memcpy(&size, view, 4);
    if (size <= 12) return {view + 4, static_cast<size_t>(size)};
    std::memcpy(&buffer, view + 8, 4);
    std::memcpy(&offset, view + 12, 4);
    return {buffers_[buffer] + offset, static_cast<size_t>(size)};
  }

 private:
  const uint8_t* views_;
  const uint8_t* const* buffers_;
  size_t rows_;
};

// Rows of numbers for Python, which frees them.
struct Result {
  void* data;
  int64_t rows;
};

template <class T>
void give(Result* result, const std::vector<std::vector<T>>& pieces) {
  size_t rows = 0;
  for (const auto& piece : pieces) rows += piece.size();
  auto* data = static_cast<T*>(std::malloc(rows ? rows * sizeof(T) : 1));
  if (!data) throw std::bad_alloc();
  result->data = data;
  result->rows = static_cast<int64_t>(rows);
  for (const auto& piece : pieces) {
    if (!piece.empty()) std::memcpy(static_cast<void*>(data), piece.data(), piece.size() * sizeof(T));
    data += piece.size();
  }
}

enum Status { DONE = 0, NO_MEMORY = 1, TOO_MANY = 2, FAILED = 3 };

// Runs a kernel's body: no exception may leave a C function.
template <class Body>
int guarded(Body body) {
  try {
    body();
    return DONE;
  } catch (const std::bad_alloc&) {
    return NO_MEMORY;
  } catch (const std::length_error&) {
    return TOO_MANY;
  } catch (...) {
    return FAILED;
  }
}
