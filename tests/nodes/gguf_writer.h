// Writes GGUF files for tests: of the format's three parts each byte is where the specification has it, and any may be a lie.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

namespace weft::sd {

class GgufWriter {
 public:
  struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;  ///< as torch counts axes
    std::uint32_t type;
    std::string bytes;
  };

  std::uint32_t version = 3, alignment = 32;
  std::uint64_t more_tensors = 0, more_values = 0;  ///< stated, and not there

  void add_text(const std::string& key, const std::string& text) { add(key, 8, counted(text)); }
  void add_number(const std::string& key, std::uint32_t number) { add(key, 4, raw(number)); }
  void add_shape(const std::string& name, const std::vector<std::int64_t>& shape) {
    std::string list = raw(std::uint32_t{5}) + raw(std::uint64_t{shape.size()});
    for (const std::int64_t length : shape) list += raw(static_cast<std::int32_t>(length));
    add("comfy.gguf.orig_shape." + name, 9, list);
  }
  void add(const std::string& key, std::uint32_t kind, const std::string& value) {
    values_ += counted(key) + raw(kind) + value;
    ++count_;
  }
  void add(Tensor tensor) { tensors_.push_back(std::move(tensor)); }

  /// In float32; with 512 values or more, where they fill blocks, as Q8_0 in the way of ComfyUI-GGUF. Gives what the file
  /// stands for then.
  at::Tensor add_as_comfyui(const std::string& name, const at::Tensor& tensor) {
    if (tensor.numel() < 512 || tensor.numel() % 256 != 0 || tensor.dim() < 2) {
      add({name, tensor.sizes().vec(), 0, bytes_of(tensor)});
      return tensor;
    }
    if (tensor.size(-1) % 256 != 0) add_shape(name, tensor.sizes().vec());
    const at::Tensor blocks = tensor.contiguous().view({-1, 32});
    const at::Tensor scales = std::get<0>(blocks.abs().max(1, true)).div(127).to(at::kHalf);
    const at::Tensor values = blocks.div(scales.to(at::kFloat)).round().to(at::kChar);
    const std::string d = bytes_of(scales), q = bytes_of(values);
    std::string packed;
    for (std::size_t i = 0; i < static_cast<std::size_t>(blocks.size(0)); ++i)
      packed += d.substr(2 * i, 2) + q.substr(32 * i, 32);
    const bool fits = tensor.size(-1) % 256 == 0;
    add({name, fits ? tensor.sizes().vec() : std::vector<std::int64_t>{tensor.numel() / 256, 256}, 8, packed});
    return (values.to(at::kFloat) * scales.to(at::kFloat)).view(tensor.sizes());
  }

  std::string bytes() const {
    std::string head = "GGUF" + raw(version) + raw(std::uint64_t{tensors_.size()} + more_tensors) +
        raw(count_ + more_values) + values_;
    std::string data;
    for (const Tensor& tensor : tensors_) {
      head += counted(tensor.name) + raw(static_cast<std::uint32_t>(tensor.shape.size()));
      for (std::size_t i = tensor.shape.size(); i > 0; --i) head += raw(tensor.shape[i - 1]);
      head += raw(tensor.type) + raw(std::uint64_t{data.size()});
      data += tensor.bytes;
      pad(data);
    }
    pad(head);
    return head + data;
  }

  template <class T>
  static std::string raw(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
  }
  static std::string counted(const std::string& text) { return raw(std::uint64_t{text.size()}) + text; }
  static std::string bytes_of(const at::Tensor& tensor) {
    const at::Tensor whole = tensor.contiguous();
    return {static_cast<const char*>(whole.const_data_ptr()), whole.nbytes()};
  }

 private:
  void pad(std::string& bytes) const { bytes.append((alignment - bytes.size() % alignment) % alignment, '\0'); }

  std::string values_;
  std::uint64_t count_ = 0;
  std::vector<Tensor> tensors_;
};

}  // namespace weft::sd
