#include "editor/session/picture_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "base/foreign_json.h"
#include "base/text_file.h"
#include "editor/session/json_read.h"
#include "editor/session/text.h"
#include "import/comfyui/import.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Kind = FoundWorkflow::Kind;

[[noreturn]] void fail(const fs::path& file, const std::string& why, const std::string& remedy) {
  throw GraphError(Problem{.what = tr_format("cannot read '{}': {}", file.string(), why), .remedy = remedy});
}

void check_readable(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) fail(file, tr("there is no such file"), tr("check the path"));
  if (!fs::is_regular_file(file, error)) fail(file, tr("it is no file"), tr("give the name of a file"));
  if (!std::ifstream(file)) fail(file, tr("it cannot be opened"), tr("check its permissions"));
}

FoundWorkflow imported(const Json& json, const std::string& source, const Json& editor_file = {}) {
  comfyui::Imported imported = comfyui::import_workflow(json, source, editor_file);
  return {.kind = Kind::ComfyUi, .workflow = std::move(imported.workflow), .remarks = std::move(imported.remarks)};
}

/// What a JSON text is: Weft's, ComfyUI's, or neither. Throws what reading Weft's throws.
FoundWorkflow from_json(const std::string& text, const std::string& source) {
  const Json json = read_foreign_json(text, source);
  if (comfyui::is_workflow(json)) return imported(json, source);
  if (!read_member(json, "weft").is_number()) return {};
  return {.kind = Kind::Weft, .workflow = parse_workflow(text, source)};
}

/// image.save writes {"workflow": ..., "facts": [...]} under the key "weft".
FoundWorkflow from_provenance(const std::string& text, const std::string& source) {
  const Json json = foreign_json_or_null(text, kMaxJsonDepth + 1);  // the workflow may be as deep as one is
  if (!json.is_object())
    throw GraphError(Problem{
        .what = tr_format("the workflow in '{}' is damaged", source), .remedy = tr("use another copy of the picture")});
  FoundWorkflow found = from_json(read_member(json, "workflow").dump(), source);
  found.facts = read_member(json, "facts");
  return found;
}

FoundWorkflow from_picture(const fs::path& file) {
  const std::map<std::string, std::string> texts = picture_codec().texts(file);
  const auto text = [&](const char* key) -> const std::string* {
    const auto found = texts.find(key);
    return found == texts.end() ? nullptr : &found->second;
  };
  if (const std::string* weft = text("weft")) return from_provenance(*weft, file.string());
  // ComfyUI writes both: "prompt" says more plainly what ran, "workflow" where the nodes stood.
  const auto json = [&](const char* key) { return text(key) ? foreign_json_or_null(*text(key)) : Json(); };
  const Json prompt = json("prompt"), workflow = json("workflow");
  for (const Json& each : {prompt, workflow})
    if (comfyui::is_workflow(each)) return imported(each, file.string(), workflow);
  return {};
}

}  // namespace

bool is_picture_name(const fs::path& file) {
  constexpr std::array<std::string_view, 8> kEndings = {
      ".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif", ".tiff", ".exr"};
  std::string ending = file.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(kEndings, ending) != kEndings.end();
}

Pixels read_pixels(const fs::path& file, int longest) {
  check_readable(file);
  const PictureCodec& codec = picture_codec();
  try {
    return codec.read(file, longest);
  } catch (const std::runtime_error& error) {
    fail(file, error.what(), tr("give a PNG, JPEG, WebP, TIFF or EXR file that is whole"));
  }
}

void check_picture(const fs::path& file) {
  check_readable(file);
  try {
    picture_codec().check(file);
  } catch (const std::runtime_error& error) {
    fail(file, error.what(), tr("give a PNG, JPEG, WebP, TIFF or EXR file that is whole, or make it smaller"));
  }
}

FoundWorkflow find_workflow(const fs::path& file) {
  check_readable(file);
  return picture_codec().is_picture(file) ? from_picture(file) : from_json(read_text_file(file), file.string());
}

Problem why_not_opened(const fs::path& file) {
  return {.what = tr_format("'{}' holds no workflow", file.string()),
      .remedy = tr("open a workflow file, or a picture that Weft or ComfyUI has written")};
}

}  // namespace weft::editor
