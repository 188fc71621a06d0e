#include "nodes/sd/files/safetensors.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "base/byte_text.h"
#include "base/strict_json.h"
#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kWidestBits = 64;            // of one value
constexpr std::uint64_t kMaxHeader = 100'000'000;  // as the reference implementation

struct TypeName {
  std::string_view name;
  at::ScalarType type;
  std::size_t bits;
};
constexpr std::array kTypes{
    TypeName{"F64", at::kDouble, 64},
    TypeName{"F32", at::kFloat, 32},
    TypeName{"F16", at::kHalf, 16},
    TypeName{"BF16", at::kBFloat16, 16},
    TypeName{"I64", at::kLong, 64},
    TypeName{"I32", at::kInt, 32},
    TypeName{"I16", at::kShort, 16},
    TypeName{"I8", at::kChar, 8},
    TypeName{"U64", at::kUInt64, 64},
    TypeName{"U32", at::kUInt32, 32},
    TypeName{"U16", at::kUInt16, 16},
    TypeName{"U8", at::kByte, 8},
    TypeName{"BOOL", at::kBool, 8},
    TypeName{"C64", at::kComplexFloat, 64},
    TypeName{"F8_E4M3", at::kFloat8_e4m3fn, 8},
    TypeName{"F8_E5M2", at::kFloat8_e5m2, 8},
    TypeName{"F8_E4M3FNUZ", at::kFloat8_e4m3fnuz, 8},
    TypeName{"F8_E5M2FNUZ", at::kFloat8_e5m2fnuz, 8},
    TypeName{"F8_E8M0", at::kFloat8_e8m0fnu, 8},
    TypeName{"F6_E2M3", at::ScalarType::Undefined, 6},
    TypeName{"F6_E3M2", at::ScalarType::Undefined, 6},
    TypeName{"F4", at::ScalarType::Undefined, 4},
};

/// Null for a type that came after this was written.
const TypeName* known_type(std::string_view name) {
  const auto* found = std::ranges::find(kTypes, name, &TypeName::name);
  return found == kTypes.end() ? nullptr : found;
}

// Files that people mistake for safetensors, by how they begin.
struct Impostor {
  std::string_view magic, what, remedy;
};
constexpr std::array kImpostors{
    Impostor{"PK\x03\x04", "is a PyTorch pickle, which can run code when read", "convert it to .safetensors"},
    Impostor{"\x80\x02", "is a Python pickle, which can run code when read", "convert it to .safetensors"},
    Impostor{"\x80\x03", "is a Python pickle, which can run code when read", "convert it to .safetensors"},
    Impostor{"\x80\x04", "is a Python pickle, which can run code when read", "convert it to .safetensors"},
    Impostor{"\x80\x05", "is a Python pickle, which can run code when read", "convert it to .safetensors"},
    Impostor{"GGUF", "is a GGUF file", "use it as a U-Net or a checkpoint, or take the .safetensors file of the model"},
    Impostor{"version https://git-lfs", "is a Git LFS pointer, not the model itself", "run `git lfs pull`"},
    Impostor{"<!DOCTYPE", "is a web page, not a model", "download the model again"},
    Impostor{"<html", "is a web page, not a model", "download the model again"},
};

// Collects what goes wrong in one file: every check throws through here.
class Reader {
 public:
  explicit Reader(fs::path path) : path_(std::move(path)) {}

  [[noreturn]] void fail(const std::string& problem, const std::string& remedy = "download or convert it again") const {
    throw ModelError(path_.string(), problem, remedy);
  }

  std::uint64_t header_size(std::string_view file) const {
    const std::uint64_t length = stated_length(file);
    if (file.size() > kLengthBytes && length <= kMaxHeader && length <= file.size() - kLengthBytes &&
        begins_with_brace(file.substr(kLengthBytes, length)))
      return length;  // whatever those eight bytes look like otherwise: 80 02 is a pickle's beginning, and
                      // 640
    for (const auto& impostor : kImpostors) {
      if (file.starts_with(impostor.magic)) fail(std::string(impostor.what), std::string(impostor.remedy));
    }
    if (file.size() < kLengthBytes) fail(fmt::format("is truncated: {} bytes are not even a header", file.size()));
    if (length > kMaxHeader) fail(fmt::format("claims a header of {} bytes: not a safetensors file", length));
    if (length > file.size() - kLengthBytes) {
      fail(fmt::format("is truncated: its header has {} bytes, the file {}", length, file.size()));
    }
    return length;
  }

  json parse_header(std::string_view text) const {
    std::vector<std::set<std::string>> keys;  // of the objects that are open
    bool in_metadata = false;                 // where the last of a key's values counts
    const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
      if (depth > static_cast<int>(kMaxJsonDepth)) fail("header is nested too deeply");
      if (event == json::parse_event_t::object_start) keys.emplace_back();
      if (event == json::parse_event_t::object_end) keys.pop_back();
      if (event == json::parse_event_t::key) {
        const auto name = parsed.get<std::string>();
        if (depth == 1) in_metadata = name == "__metadata__";
        if (!keys.back().insert(name).second && !(in_metadata && depth == 2))
          fail(fmt::format("header names \"{}\" twice", name));
      }
      return true;
    };
    if (text.find('\0') != text.npos) fail("header is not valid JSON");  // which the parser would take for its end
    try {
      json header = json::parse(text, watch);
      if (!header.is_object()) fail("header is not a JSON object");
      return header;
    } catch (const json::exception&) {
      fail("header is not valid JSON");
    }
  }

  std::map<std::string, std::string> metadata(const json& value) const {
    std::map<std::string, std::string> result;
    if (value.is_null()) return result;
    if (!value.is_object()) fail("__metadata__ is not an object of strings");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) fail(fmt::format("__metadata__ \"{}\" is not a string", key));
      result.emplace(key, text.get<std::string>());
    }
    return result;
  }

  SafetensorsFile::Entry entry(const std::string& name, const json& value) const {
    if (!value.is_object()) fail(fmt::format("tensor \"{}\" is not described by an object", name));
    SafetensorsFile::Entry entry{.type = type(name, value),
        .dtype = at::ScalarType::Undefined,
        .shape = numbers<std::int64_t>(name, value, "shape"),
        .begin = 0,
        .end = 0};
    const TypeName* known = known_type(entry.type);
    if (known) entry.dtype = known->type;
    const auto offsets = numbers<std::size_t>(name, value, "data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1]) {
      fail(fmt::format("tensor \"{}\" has data_offsets that are not [begin, end]", name));
    }
    entry.begin = offsets[0];
    entry.end = offsets[1];
    const std::size_t given = entry.end - entry.begin, bits = bit_size(name, entry, known ? known->bits : kWidestBits);
    if (known && bits % 8 != 0) fail(fmt::format("tensor \"{}\" does not end at the end of a byte", name));
    if (known && bits / 8 != given) {
      fail(fmt::format("tensor \"{}\" needs {} bytes for its shape, and is given {}", name, bits / 8, given));
    }
    return entry;
  }

  // Tensors must fill the data exactly: no overlap, no hole, nothing outside.
  void check_layout(const std::map<std::string, SafetensorsFile::Entry>& entries, std::size_t data_size) const {
    std::vector<std::pair<const std::string*, const SafetensorsFile::Entry*>> ordered;
    for (const auto& [name, entry] : entries) {
      if (entry.end > data_size) {
        fail(fmt::format("is truncated: tensor \"{}\" ends at byte {} of {}", name, entry.end, data_size));
      }
      ordered.emplace_back(&name, &entry);
    }
    std::sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
      return std::pair(a.second->begin, a.second->end) < std::pair(b.second->begin, b.second->end);
    });
    std::size_t filled = 0;
    for (const auto& [name, entry] : ordered) {
      if (entry->begin < filled) fail(fmt::format("tensor \"{}\" overlaps the one before it", *name));
      if (entry->begin > filled) fail(fmt::format("has a hole before tensor \"{}\"", *name));
      filled = entry->end;
    }
    if (filled != data_size) fail(fmt::format("has {} bytes that belong to no tensor", data_size - filled));
  }

 private:
  static std::uint64_t stated_length(std::string_view file) {
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), std::min(file.size(), kLengthBytes));
    return length;
  }

  static bool begins_with_brace(std::string_view header) {
    const std::size_t begin = header.find_first_not_of(" \t\r\n");
    return begin != header.npos && header[begin] == '{';
  }

  std::string type(const std::string& name, const json& value) const {
    const auto found = value.find("dtype");
    if (found == value.end() || !found->is_string()) fail(fmt::format("tensor \"{}\" has no dtype", name));
    return found->get<std::string>();
  }

  template <class T>
  std::vector<T> numbers(const std::string& name, const json& value, const char* key) const {
    const auto found = value.find(key);
    if (found == value.end() || !found->is_array()) fail(fmt::format("tensor \"{}\" has no {}", name, key));
    std::vector<T> result;
    for (const auto& number : *found) {
      if (!number.is_number_unsigned() ||
          number.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<T>::max())) {
        fail(fmt::format("tensor \"{}\" has a {} with {}, which is not a size", name, key, number.dump()));
      }
      result.push_back(number.get<T>());
    }
    return result;
  }

  std::size_t bit_size(const std::string& name, const SafetensorsFile::Entry& entry, std::size_t bits) const {
    bool empty = false;
    for (const std::int64_t length : entry.shape) {
      empty = empty || length == 0;
      if (__builtin_mul_overflow(bits, std::max<std::size_t>(static_cast<std::size_t>(length), 1), &bits)) {
        fail(fmt::format("tensor \"{}\" has a shape that overflows", name));
      }
    }
    return empty ? 0 : bits;
  }

  fs::path path_;
};

}  // namespace

std::string unsupported_type(const std::string& name, const std::string& type) {
  return fmt::format("tensor \"{}\" has dtype {}, which is not supported", name, type);
}

SafetensorsFile SafetensorsFile::open(const fs::path& path) { return read(path, MappedFile::open(path)); }

SafetensorsFile SafetensorsFile::from_bytes(std::string bytes, const std::string& origin) {
  return read(origin, MappedFile::of_bytes(std::move(bytes), origin));
}

SafetensorsFile SafetensorsFile::read(const fs::path& path, std::shared_ptr<MappedFile> mapping) {
  const Reader reader(path);
  const std::string_view bytes(mapping->data(), mapping->size());
  SafetensorsFile file;
  file.path_ = path;
  file.mapping_ = std::move(mapping);
  const std::uint64_t header_size = reader.header_size(bytes);
  const json header = reader.parse_header(bytes.substr(kLengthBytes, header_size));
  file.data_offset_ = kLengthBytes + header_size;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      file.metadata_ = reader.metadata(value);
    } else {
      file.entries_.emplace(name, reader.entry(name, value));
    }
  }
  reader.check_layout(file.entries_, bytes.size() - file.data_offset_);
  return file;
}

at::Tensor SafetensorsFile::tensor(const std::string& name) const {
  const Entry& entry = entries_.at(name);
  if (entry.dtype == at::ScalarType::Undefined)
    throw ModelError(path_.string(), unsupported_type(name, entry.type), "convert it to F16 or F32");
  char* data = mapping_->data() + data_offset_ + entry.begin;
  const auto options = at::TensorOptions(entry.dtype);
  if (reinterpret_cast<std::uintptr_t>(data) % c10::elementSize(entry.dtype) != 0) {  // old writers did not align
    at::Tensor copy = at::empty(entry.shape, options);
    std::memcpy(copy.data_ptr(), data, entry.end - entry.begin);
    return copy;
  }
  return at::from_blob(data, entry.shape, [keep = mapping_](void*) {}, options);
}

void SafetensorsFile::release_memory() const { mapping_->release_memory(); }

namespace {

std::string_view type_name(const fs::path& path, const std::string& name, at::ScalarType type) {
  for (const auto& known : kTypes) {
    if (known.type == type) return known.name;
  }
  throw ModelError(path.string(),
      fmt::format("tensor \"{}\" is {}, which has no safetensors type", name, toString(type)),
      "convert it before saving");
}

// The largest element types first, so that every tensor is aligned; then by name.
void bring_in_file_order(std::vector<TensorToWrite>& tensors) {
  std::ranges::sort(tensors, [](const TensorToWrite& a, const TensorToWrite& b) {
    const auto size_a = c10::elementSize(a.type), size_b = c10::elementSize(b.type);
    return size_a != size_b ? size_a > size_b : a.name < b.name;
  });
}

std::vector<TensorToWrite> in_file_order(const std::map<std::string, at::Tensor>& tensors) {
  std::vector<TensorToWrite> ordered;
  for (const auto& [name, tensor] : tensors)
    ordered.push_back({name, tensor.scalar_type(), tensor.sizes().vec(), [tensor] { return tensor; }});
  bring_in_file_order(ordered);
  return ordered;
}

/// Its values as they stand in a file.
at::Tensor read(const TensorToWrite& tensor) {
  at::Tensor whole = tensor.read().detach().cpu().contiguous();
  TORCH_CHECK(whole.scalar_type() == tensor.type && whole.nbytes() == tensor.bytes(), tensor.name,
      " is another tensor than was said");
  return whole;
}

/// Of tensors in the order in which they stand in the file.
std::string header_of(const fs::path& path, const std::vector<TensorToWrite>& tensors,
    const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t offset = 0;
  for (const TensorToWrite& tensor : tensors) {
    header[tensor.name] = {{"dtype", type_name(path, tensor.name, tensor.type)}, {"shape", tensor.shape},
        {"data_offsets", {offset, offset + tensor.bytes()}}};
    offset += tensor.bytes();
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

/// The header with its length ahead.
std::string beginning_of(const std::string& header) {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + header;
}

}  // namespace

std::uint64_t TensorToWrite::bytes() const {
  return static_cast<std::uint64_t>(c10::multiply_integers(shape)) * c10::elementSize(type);
}

std::string safetensors_type(at::ScalarType type, const std::string& name, const std::string& origin) {
  return std::string(type_name(origin, name, type));
}

std::string safetensors_bytes(const std::map<std::string, at::Tensor>& tensors,
    const std::map<std::string, std::string>& metadata, const std::string& origin) {
  const std::vector<TensorToWrite> ordered = in_file_order(tensors);
  std::string bytes = beginning_of(header_of(origin, ordered, metadata));
  for (const TensorToWrite& each : ordered) {
    const at::Tensor tensor = read(each);
    bytes.append(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
  }
  return bytes;
}

void write_safetensors(const fs::path& path, const std::map<std::string, at::Tensor>& tensors,
    const std::map<std::string, std::string>& metadata) {
  stream_safetensors(path, in_file_order(tensors), metadata);
}

namespace {

/// The file in the making, gone again unless it is published.
class TemporaryModel {
 public:
  explicit TemporaryModel(const fs::path& path)
      : path_(path),
        temporary_(fmt::format("{}.{}.tmp", path.string(), getpid())),
        out_(temporary_, std::ios::binary) {}
  ~TemporaryModel() {
    out_.close();
    std::error_code ignored;
    fs::remove(temporary_, ignored);
  }
  TemporaryModel(const TemporaryModel&) = delete;
  TemporaryModel& operator=(const TemporaryModel&) = delete;

  void write(const void* bytes, std::size_t count) {
    out_.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(count));
    if (!out_) fail(std::strerror(errno));
  }
  void publish() {
    out_.close();
    std::error_code error;
    if (out_) fs::rename(temporary_, path_, error);
    if (!out_ || error) fail(error ? error.message() : std::strerror(errno));
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw ModelError(
        path_.string(), fmt::format("cannot be written ({})", reason), "check the folder and the free space");
  }

  fs::path path_, temporary_;
  std::ofstream out_;
};

void require_space(const fs::path& path, std::uint64_t bytes) {
  std::error_code error;
  const fs::space_info space = fs::space(fs::absolute(path).parent_path(), error);
  if (!error && space.available < bytes)
    throw ModelError(path.string(),
        fmt::format("needs {}, and {} are free on its disk", byte_text(bytes), byte_text(space.available)),
        "free some space, or choose another folder");
}

}  // namespace

void stream_safetensors(const fs::path& path, std::vector<TensorToWrite> tensors,
    const std::map<std::string, std::string>& metadata,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) {
  bring_in_file_order(tensors);
  const std::string beginning = beginning_of(header_of(path, tensors, metadata));
  std::uint64_t done = 0, total = 0;
  for (const TensorToWrite& each : tensors) total += each.bytes();
  require_space(path, beginning.size() + total);
  TemporaryModel file(path);
  file.write(beginning.data(), beginning.size());
  for (const TensorToWrite& each : tensors) {
    const at::Tensor tensor = read(each);
    file.write(tensor.const_data_ptr(), tensor.nbytes());
    done += tensor.nbytes();
    if (progress) progress(done, total);
  }
  file.publish();
}

}  // namespace weft::sd
