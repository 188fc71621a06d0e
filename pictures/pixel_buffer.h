// A whole frame in 8 bits, for formats that do not decode row by row.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <vector>

#include "pictures/decoder.h"

namespace weft::pictures {

/// Memory that is zero at first and can be given back from its beginning on: while a frame is handed out, what is read and
/// what is written of it never take more than the larger of both.
class PixelBuffer {
 public:
  explicit PixelBuffer(std::size_t bytes) : bytes_(bytes) {
    void* got = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (got == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<std::uint8_t*>(got);
  }
  ~PixelBuffer() { ::munmap(data_, bytes_); }
  PixelBuffer(const PixelBuffer&) = delete;
  PixelBuffer& operator=(const PixelBuffer&) = delete;

  std::uint8_t* data() { return data_; }
  std::size_t size() const { return bytes_; }
  std::span<std::uint8_t> bytes() { return {data_, bytes_}; }

  /// What stands before `offset` is not needed any more.
  void forget_before(std::size_t offset) {
    constexpr std::size_t kStep = std::size_t{1} << 20;  // whole pages, and few calls
    const std::size_t end = offset / kStep * kStep;
    if (end <= forgotten_) return;
    ::madvise(data_ + forgotten_, end - forgotten_, MADV_DONTNEED);
    forgotten_ = end;
  }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t bytes_ = 0, forgotten_ = 0;
};

inline void to_floats(std::span<const std::uint8_t> bytes, std::vector<float>& floats) {
  floats.resize(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) floats[i] = static_cast<float>(bytes[i]) / 255.0F;
}

/// What stands for pixels that a file does not have.
inline std::vector<float> black_row(int width) {
  std::vector<float> row(static_cast<std::size_t>(width) * 4, 0.0F);
  for (std::size_t i = 3; i < row.size(); i += 4) row[i] = 1;
  return row;
}

/// Hands out a frame of 8-bit RGBA; rows from `whole_rows` on are missing and come out black. `last`: it is not needed
/// afterwards.
inline void hand_out(PixelBuffer& rgba, Size size, int whole_rows, bool last, const RowSink& sink) {
  const std::size_t length = static_cast<std::size_t>(size.width) * 4;
  std::vector<float> floats;
  for (int y = 0; y < size.height; ++y) {
    if (y < whole_rows)
      to_floats(rgba.bytes().subspan(static_cast<std::size_t>(y) * length, length), floats);
    else
      floats = black_row(size.width);
    sink(y, floats);
    if (last) rgba.forget_before(static_cast<std::size_t>(y + 1) * length);
  }
}

}  // namespace weft::pictures
