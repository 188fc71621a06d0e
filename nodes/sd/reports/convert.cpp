#include "nodes/sd/reports/convert.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/byte_text.h"
#include "nodes/sd/families/model_writer.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/reports/model_kind.h"
#include "nodes/sd/reports/pipeline_folder.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

WrittenType type_of(const std::string& name) {
  struct Known {
    std::string_view name;
    WrittenType type;
  };
  static const std::array<Known, 6> kKnown{
      {{"keep", {}}, {"fp32", {at::kFloat}}, {"fp16", {at::kHalf}}, {"bf16", {at::kBFloat16}},
          {"fp8_e4m3fn", {at::kFloat8_e4m3fn}}, {"fp8_e4m3fn_scaled", {at::kFloat8_e4m3fn, true}}}};
  const auto* found = std::ranges::find(kKnown, name, &Known::name);
  if (found == kKnown.end())
    throw ModelError(name, "is no type of weights", "use keep, fp32, fp16, bf16, fp8_e4m3fn or fp8_e4m3fn_scaled");
  return found->type;
}

/// A whole model, or one network of it, and which that is.
struct Source {
  std::shared_ptr<const Checkpoint> model;
  bool whole = true;
  Part part = Part::UNet;
};

Source open(const fs::path& path) {
  const auto shared = [](Checkpoint model) { return std::make_shared<const Checkpoint>(std::move(model)); };
  if (fs::is_directory(path)) {
    if (fs::exists(path / "model_index.json")) return {shared(Checkpoint::open(path))};
    const std::string name = path.filename().string();
    if (name.find("vae") != std::string::npos) return {shared(Checkpoint::open_vae(path)), false, Part::VAE};
    return {shared(Checkpoint::open_unet(path)), false, Part::UNet};
  }
  switch (const ModelKind kind = kind_of(WeightFile::open(path)); kind) {
    case ModelKind::Checkpoint:
      return {shared(Checkpoint::open(path))};
    case ModelKind::UNet:
      return {shared(Checkpoint::open_unet(path)), false, Part::UNet};
    case ModelKind::VAE:
      return {shared(Checkpoint::open_vae(path)), false, Part::VAE};
    default:
      throw ModelError(path.string(), fmt::format("is of the kind \"{}\", which is not converted", kind_name(kind)),
          "give a checkpoint, a U-Net or a VAE");
  }
}

std::vector<Part> parts_of(const Source& source) {
  if (!source.whole) return {source.part};
  std::vector<Part> found;
  for (const PartInfo& part : parts())
    if (source.model->has(part.part) && part.part != Part::Marks) found.push_back(part.part);
  return found;
}

void append(std::vector<TensorToWrite>& to, std::vector<TensorToWrite> more) {
  std::ranges::move(more, std::back_inserter(to));
}

/// What OpenCLIP has, and folders of diffusers leave out: the last layer, and a projection that nobody uses.
bool is_left_out(const Checkpoint& model, Part part, const std::string& name) {
  const auto slots = model.family().texts;
  const auto slot = std::ranges::find(slots, part, &TextSlot::part);
  if (slot == slots.end() || slot->cut_in_folder == 0) return false;
  const TextEncoderConfig& text = model.text_encoder_config(part);
  if (name.starts_with("text_projection.")) return true;
  for (std::int64_t i = text.layers - (slot->cut_in_folder - text.cut); i < text.layers; ++i)
    if (name.starts_with(fmt::format("text_model.encoder.layers.{}.", i))) return true;
  return false;
}

void require_free(const ModelConversion& conversion) {
  if (!fs::exists(conversion.in))
    throw ModelError(conversion.in.string(), "there is no such file or folder", "check the name");
  if (conversion.out.empty()) throw ModelError("the model to write", "has no name", "give one");
  std::error_code error;
  if (fs::equivalent(conversion.in, conversion.out, error))
    throw ModelError(conversion.out.string(), "is the model that is read", "choose another name");
  if (fs::exists(conversion.out) && !conversion.replace)
    throw ModelError(conversion.out.string(), "is there already", "choose another name, or replace it with --force");
  const fs::path parent = fs::absolute(conversion.out).parent_path();
  if (!fs::is_directory(parent))
    throw ModelError(parent.string(), "there is no such folder", "make it, or choose another");
}

void write_file(const ModelConversion& conversion, const Source& source, const WrittenType& type) {
  std::vector<TensorToWrite> tensors;
  const std::vector<Part> parts = parts_of(source);
  const bool vae = !source.whole && source.part == Part::VAE;
  for (const Part part : parts)
    append(tensors,
        tensors_to_write({source.model, part}, vae ? WrittenLayout::Alone : WrittenLayout::SingleFile,
            part == Part::VAE && type.scaled ? WrittenType{at::kHalf} : type));
  if (!vae) append(tensors, marks_of(*source.model));
  auto metadata = metadata_of(*source.model, parts);
  if (metadata.contains("modelspec.architecture")) metadata["modelspec.title"] = conversion.out.stem().string();
  stream_safetensors(conversion.out, std::move(tensors), metadata, conversion.progress);
}

/// A folder that is filled beside its place, and gone again unless it is published.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const fs::path& out) : out_(out), path_(fmt::format("{}.{}.tmp", out.string(), getpid())) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const fs::path& path() const { return path_; }
  void publish() {
    const fs::path old = fmt::format("{}.{}.old", out_.string(), getpid());
    const bool replaces = fs::exists(out_);
    if (replaces) fs::rename(out_, old);
    fs::rename(path_, out_);
    if (replaces) fs::remove_all(old);
  }

 private:
  fs::path out_, path_;
};

void write_folder(const ModelConversion& conversion, const Source& source, const WrittenType& type) {
  if (type.scaled)
    throw ModelError(conversion.out.string(), "cannot hold scaled fp8: diffusers' folders know no scales",
        "write a .safetensors file, or use another type");
  struct Piece {
    Part part;
    fs::path folder;
    std::vector<TensorToWrite> tensors;
  };
  std::vector<Piece> pieces;
  std::uint64_t total = 0, before = 0;
  for (const Part part : parts_of(source)) {
    Piece piece{part, source.whole ? fs::path(info(part).folder) : fs::path(), {}};
    for (TensorToWrite& tensor : tensors_to_write({source.model, part}, WrittenLayout::Folder, type))
      if (!is_left_out(*source.model, part, tensor.name)) piece.tensors.push_back(std::move(tensor));
    for (const TensorToWrite& tensor : piece.tensors) total += tensor.bytes();
    pieces.push_back(std::move(piece));
  }
  std::error_code error;
  const fs::space_info space = fs::space(fs::absolute(conversion.out).parent_path(), error);
  if (!error && space.available < total)
    throw ModelError(conversion.out.string(),
        fmt::format("needs {}, and {} are free on its disk", byte_text(total), byte_text(space.available)),
        "free some space, or choose another folder");
  TemporaryFolder folder(conversion.out);
  if (source.whole) write_pipeline_files(folder.path(), *source.model);
  for (Piece& piece : pieces) {
    const fs::path in = folder.path() / piece.folder;
    fs::create_directories(in);
    write_json(in / "config.json", diffusers_config(*source.model, piece.part));
    std::uint64_t size = 0;
    for (const TensorToWrite& tensor : piece.tensors) size += tensor.bytes();
    stream_safetensors(in / (std::string(info(piece.part).weights) + ".safetensors"), std::move(piece.tensors),
        {{"format", "pt"}}, [&](std::uint64_t done, std::uint64_t) {
          if (conversion.progress) conversion.progress(before + done, total);
        });
    before += size;
  }
  folder.publish();
}

}  // namespace

void convert_model(const ModelConversion& conversion) {
  const WrittenType type = type_of(conversion.dtype);
  require_free(conversion);
  const Source source = open(conversion.in);
  if (source.whole && !source.model->has(Part::UNet))
    throw ModelError(conversion.in.string(), "has no U-Net", "give a whole model");
  try {
    conversion.out.extension() == ".safetensors" ? write_file(conversion, source, type)
                                                 : write_folder(conversion, source, type);
  } catch (const fs::filesystem_error& error) {
    throw ModelError(conversion.out.string(), fmt::format("cannot be written ({})", error.code().message()),
        "check the folder and the free space");
  }
}

}  // namespace weft::sd
