#include "nodes/sd/files/gguf.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <string_view>

#include "base/utf8.h"
#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

constexpr std::string_view kMagic = "GGUF", kShape = "comfy.gguf.orig_shape.";
constexpr std::uint64_t kUsualAlignment = 32, kLargestAlignment = 1 << 20;
constexpr std::uint32_t kMostAxes = 8;  // ggml's are 4
constexpr std::size_t kLongestName = 1024;

/// The types of metadata's values.
enum Kind : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, Text, List, U64, I64, F64, KindCount };

/// Of one value; 0 for those that say so themselves.
std::size_t size_of(std::uint32_t kind) {
  constexpr std::array<std::size_t, KindCount> kSizes{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return kSizes.at(kind);
}

std::optional<at::ScalarType> plain_type(const GgufType& type) {
  static constexpr std::array<std::pair<std::string_view, at::ScalarType>, 8> kPlain{
      {{"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16}, {"F64", at::kDouble}, {"I8", at::kChar},
          {"I16", at::kShort}, {"I32", at::kInt}, {"I64", at::kLong}}};
  const auto* found = std::ranges::find(kPlain, type.name, &std::pair<std::string_view, at::ScalarType>::first);
  return found == kPlain.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

/// Goes through a file once, from its beginning; nothing is taken that the file does not have.
class GgufReader {
 public:
  GgufReader(std::shared_ptr<MappedFile> mapping, std::string origin)
      : bytes_(mapping->data(), mapping->size()), origin_(std::move(origin)) {
    file_.mapping_ = std::move(mapping);
    file_.origin_ = origin_;
  }

  GgufFile read() && {
    if (!bytes_.starts_with(kMagic)) fail("is not a GGUF file");
    at_ = kMagic.size();
    const auto version = take<std::uint32_t>();
    if (version != 2 && version != 3)
      fail(version == 0 || version > 0xffff
              ? "is a GGUF file for processors of the other byte order"
              : fmt::format("is a GGUF file of version {}, and 2 and 3 are read", version));
    const auto tensors = take<std::uint64_t>(), values = take<std::uint64_t>();
    for (std::uint64_t i = 0; i < values; ++i) read_value();
    for (std::uint64_t i = 0; i < tensors; ++i) read_tensor();
    place_tensors();
    return std::move(file_);
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw ModelError(origin_, problem, "download or convert it again");
  }

  std::string_view take_bytes(std::uint64_t count) {
    if (count > bytes_.size() - at_)
      fail(fmt::format("is truncated: {} bytes are missing before the tensors begin", count - (bytes_.size() - at_)));
    const std::string_view taken = bytes_.substr(at_, count);
    at_ += count;
    return taken;
  }

  template <class T>
  T take() {
    T value;
    std::memcpy(&value, take_bytes(sizeof value).data(), sizeof value);
    return value;
  }

  std::string_view take_text() { return take_bytes(take<std::uint64_t>()); }

  std::string take_name(const char* what) {
    const std::string_view name = take_text();
    if (name.empty() || name.size() > kLongestName || !is_utf8(name)) fail(fmt::format("has {} without a name", what));
    return std::string(name);
  }

  std::uint32_t take_kind(const std::string& key) {
    const auto kind = take<std::uint32_t>();
    if (kind >= KindCount) fail(fmt::format("has metadata \"{}\" of the unknown type {}", key, kind));
    return kind;
  }

  void read_value() {
    const std::string key = take_name("metadata");
    const std::uint32_t kind = take_kind(key);
    if (key == "general.alignment") {
      if (kind != U32) fail("has an alignment that is no number");
      alignment_ = take<std::uint32_t>();
      if (alignment_ == 0 || (alignment_ & (alignment_ - 1)) != 0 || alignment_ > kLargestAlignment)
        fail(fmt::format("has an alignment of {} bytes, which is none", alignment_));
    } else if (kind == List) {
      read_list(key);
    } else {
      const std::string text = text_of(kind);
      if (is_utf8(text)) file_.metadata_[key] = text;
    }
  }

  std::string text_of(std::uint32_t kind) {
    switch (kind) {
      case U8:
        return std::to_string(take<std::uint8_t>());
      case I8:
        return std::to_string(take<std::int8_t>());
      case U16:
        return std::to_string(take<std::uint16_t>());
      case I16:
        return std::to_string(take<std::int16_t>());
      case U32:
        return std::to_string(take<std::uint32_t>());
      case I32:
        return std::to_string(take<std::int32_t>());
      case U64:
        return std::to_string(take<std::uint64_t>());
      case I64:
        return std::to_string(take<std::int64_t>());
      case F32:
        return fmt::format("{}", take<float>());
      case F64:
        return fmt::format("{}", take<double>());
      case Bool:
        return take<std::uint8_t>() != 0 ? "true" : "false";
      default:
        return std::string(take_text());
    }
  }

  /// Lists are passed over, but for the shapes that tensors had.
  void read_list(const std::string& key) {
    const std::uint32_t kind = take_kind(key);
    const auto count = take<std::uint64_t>();
    if (key.starts_with(kShape)) return read_shape(key, kind, count);
    if (kind == List) fail(fmt::format("has metadata \"{}\" of lists in lists", key));
    if (kind == Text) {
      for (std::uint64_t i = 0; i < count; ++i) take_text();
    } else {
      if (count > bytes_.size()) fail(fmt::format("has a list \"{}\" of {} values, which it cannot hold", key, count));
      take_bytes(count * size_of(kind));
    }
  }

  void read_shape(const std::string& key, std::uint32_t kind, std::uint64_t count) {
    if ((kind != I32 && kind != U32 && kind != I64 && kind != U64) || count > kMostAxes)
      fail(fmt::format("has metadata \"{}\", which is no shape", key));
    std::vector<std::int64_t>& shape = shapes_[key.substr(kShape.size())];
    shape.clear();
    for (std::uint64_t i = 0; i < count; ++i)
      shape.push_back(size_of(kind) == 4 ? take<std::int32_t>() : take<std::int64_t>());
  }

  /// How many values a shape has. Throws where that is no number of bytes.
  std::uint64_t count_of(const std::string& name, const std::vector<std::int64_t>& shape) const {
    std::uint64_t count = 1;
    for (const std::int64_t length : shape) {
      if (length < 0 ||
          __builtin_mul_overflow(count, static_cast<std::uint64_t>(std::max<std::int64_t>(length, 1)), &count) ||
          count > std::uint64_t{1} << 48)
        fail(fmt::format("tensor \"{}\" has a shape that overflows", name));
    }
    return std::ranges::find(shape, 0) == shape.end() ? count : 0;
  }

  void read_tensor() {
    const std::string name = take_name("a tensor");
    const auto axes = take<std::uint32_t>();
    if (axes > kMostAxes) fail(fmt::format("tensor \"{}\" has {} axes", name, axes));
    std::vector<std::int64_t> shape;  // theirs begin with the innermost axis
    for (std::uint32_t i = 0; i < axes; ++i) shape.insert(shape.begin(), take<std::int64_t>());
    const auto id = take<std::uint32_t>();
    const GgufType* type = gguf_type(id);
    if (type == nullptr) fail(fmt::format("tensor \"{}\" is of the unknown type {}", name, id));
    const auto offset = take<std::uint64_t>();
    const std::uint64_t count = count_of(name, shape),
                        row = shape.empty() ? 1 : static_cast<std::uint64_t>(shape.back());
    if (row % type->values != 0)
      fail(fmt::format("tensor \"{}\" has rows of {} values, which {} cannot pack", name, row, type->name));
    const std::size_t size = count / type->values * type->bytes;
    if (const auto said = shapes_.find(name); said != shapes_.end()) {
      if (count_of(name, said->second) != count)
        fail(fmt::format("tensor \"{}\" has {} values, and its metadata say another shape", name, count));
      shape = said->second;
    }
    if (offset > bytes_.size() || size > bytes_.size()) fail_truncated(name);
    GgufFile::Entry entry{.type = type, .shape = std::move(shape), .begin = offset, .end = offset + size};
    if (!file_.entries_.emplace(name, std::move(entry)).second) fail(fmt::format("names tensor \"{}\" twice", name));
  }

  [[noreturn]] void fail_truncated(const std::string& name) const {
    fail(fmt::format("is truncated: tensor \"{}\" ends after the file", name));
  }

  /// Offsets count from the first aligned byte after all that; no two tensors share bytes.
  void place_tensors() {
    const std::size_t begin = (at_ + alignment_ - 1) / alignment_ * alignment_;
    std::vector<std::pair<const std::string*, GgufFile::Entry*>> ordered;
    for (auto& [name, entry] : file_.entries_) {
      if (entry.begin % alignment_ != 0) fail(fmt::format("tensor \"{}\" is not aligned", name));
      entry.begin += begin;
      entry.end += begin;
      if (entry.end > bytes_.size()) fail_truncated(name);
      ordered.emplace_back(&name, &entry);
    }
    std::ranges::sort(
        ordered, {}, [](const auto& tensor) { return std::pair(tensor.second->begin, tensor.second->end); });
    std::size_t filled = 0;
    for (const auto& [name, entry] : ordered) {
      if (entry->begin < filled) fail(fmt::format("tensor \"{}\" overlaps the one before it", *name));
      filled = entry->end;
    }
  }

  std::string_view bytes_;
  std::string origin_;
  std::size_t at_ = 0;
  std::uint64_t alignment_ = kUsualAlignment;
  std::map<std::string, std::vector<std::int64_t>> shapes_;
  GgufFile file_;
};

at::ScalarType GgufFile::Entry::dtype() const { return plain_type(*type).value_or(at::kFloat); }

bool GgufFile::is_one(const std::filesystem::path& path) {
  std::array<char, kMagic.size()> beginning{};
  std::ifstream(path, std::ios::binary).read(beginning.data(), beginning.size());
  return std::string_view(beginning.data(), beginning.size()) == kMagic;
}

GgufFile GgufFile::open(const std::filesystem::path& path) {
  return GgufReader(MappedFile::open(path), path.string()).read();
}

GgufFile GgufFile::from_bytes(std::string bytes, const std::string& origin) {
  return GgufReader(MappedFile::of_bytes(std::move(bytes), origin), origin).read();
}

at::Tensor GgufFile::tensor(const std::string& name) const {
  const Entry& entry = entries_.at(name);
  if (entry.is_packed()) return packed(name).unpacked();
  const at::ScalarType dtype = entry.dtype();
  char* data = mapping_->data() + entry.begin;
  if (reinterpret_cast<std::uintptr_t>(data) % c10::elementSize(dtype) == 0)
    return at::from_blob(data, entry.shape, [keep = mapping_](void*) {}, at::TensorOptions(dtype));
  at::Tensor copy = at::empty(entry.shape, at::TensorOptions(dtype));
  std::memcpy(copy.data_ptr(), data, entry.end - entry.begin);
  return copy;
}

PackedTensor GgufFile::packed(const std::string& name) const {
  const Entry& entry = entries_.at(name);
  char* data = mapping_->data() + entry.begin;
  const auto size = static_cast<std::int64_t>(entry.end - entry.begin);
  return {.blocks = at::from_blob(
              data, {size}, [keep = mapping_](void*) {}, at::TensorOptions(at::kByte)),
      .type = entry.type,
      .shape = entry.shape,
      .name = name,
      .file = origin_};
}

at::Tensor PackedTensor::unpacked() const {
  if (type->unpack == nullptr)
    throw ModelError(file, fmt::format("tensor \"{}\" is packed as {}, which is not supported", name, type->name),
        "use the model packed as Q8_0, Q6_K, Q5_K, Q4_K or the like");
  const at::Tensor values = at::empty(shape, at::kFloat);
  const auto* from = blocks.const_data_ptr<std::uint8_t>();
  auto* to = values.mutable_data_ptr<float>();
  constexpr std::int64_t kValuesAThread = 65536;
  const auto bytes = static_cast<std::int64_t>(type->bytes), count = static_cast<std::int64_t>(type->values);
  at::parallel_for(0, blocks.numel() / bytes, kValuesAThread / count, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) type->unpack(from + i * bytes, to + i * count);
  });
  return values;
}

}  // namespace weft::sd
