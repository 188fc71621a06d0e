#include "host/workflow_file.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <map>
#include <string_view>

#include "base/error.h"
#include "base/foreign_json.h"
#include "base/json_read.h"
#include "base/text_file.h"
#include "host/picture_codec.h"
#include "import/comfyui/import.h"

namespace weft::host {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Kind = FoundWorkflow::Kind;

FoundWorkflow imported(
    const json& workflow, const Registry& registry, const std::string& source, const json& editor_file = {}) {
  comfyui::Imported imported = comfyui::import_workflow(workflow, registry, source, editor_file);
  return {.kind = Kind::ComfyUi, .workflow = std::move(imported.workflow), .remarks = std::move(imported.remarks)};
}

/// image.save writes {"workflow": ..., "facts": [...]} under the key "weft".
FoundWorkflow from_provenance(const std::string& text, const Registry& registry, const std::string& source) {
  const json provenance = foreign_json_or_null(text, kMaxJsonDepth + 1);  // the workflow may be as deep as one is
  if (!provenance.is_object())
    throw GraphError(Problem{
        .what = fmt::format("the workflow in '{}' is damaged", source), .remedy = "use another copy of the picture"});
  FoundWorkflow found = workflow_in_text(read_member(provenance, "workflow").dump(), registry, source);
  found.facts = read_member(provenance, "facts");
  return found;
}

FoundWorkflow from_picture(const fs::path& file, const Registry& registry) {
  const std::map<std::string, std::string> texts = picture_codec().texts(file);
  const auto text = [&](const char* key) -> const std::string* {
    const auto found = texts.find(key);
    return found == texts.end() ? nullptr : &found->second;
  };
  if (const std::string* weft = text("weft")) return from_provenance(*weft, registry, file.string());
  // ComfyUI writes both: "prompt" says more plainly what ran, "workflow" where the nodes stood.
  const auto json_in = [&](const char* key) { return text(key) ? foreign_json_or_null(*text(key)) : json(); };
  const json prompt = json_in("prompt"), workflow = json_in("workflow");
  for (const json& each : {prompt, workflow})
    if (comfyui::is_workflow(each)) return imported(each, registry, file.string(), workflow);
  return {.why_none = {{.what = fmt::format("'{}' holds no workflow", file.string()),
              .remedy = "open a workflow file, or a picture that Weft or ComfyUI has written"}}};
}

/// Whether a file may be JSON, by its first bytes: so that the codec with all its libraries is opened for pictures alone.
bool may_be_json(const fs::path& file) {
  std::array<char, 64> bytes{};
  std::ifstream stream(file, std::ios::binary);
  stream.read(bytes.data(), bytes.size());
  const std::string_view start(bytes.data(), static_cast<std::size_t>(stream.gcount()));
  const std::size_t first = start.find_first_not_of(std::string_view("\xef\xbb\xbf\xff\xfe\0 \t\r\n", 10));
  return first == start.npos || start[first] == '{' || start[first] == '[';
}

bool is_picture(const fs::path& file) {
  std::error_code none;
  return fs::is_regular_file(file, none) && !may_be_json(file) && picture_codec().is_picture(file);
}

}  // namespace

FoundWorkflow workflow_in_text(const std::string& text, const Registry& registry, const std::string& source) {
  try {
    return {.kind = Kind::Weft, .workflow = parse_workflow(text, source)};
  } catch (const GraphError& error) {
    const json file = foreign_json_or_null(text);
    if (comfyui::is_workflow(file)) return imported(file, registry, source);
    if (file.is_null() || read_member(file, "weft").is_number()) throw;
    return {.why_none = error.problems()};
  }
}

FoundWorkflow find_workflow(const fs::path& file, const Registry& registry) {
  if (is_picture(file)) return from_picture(file, registry);
  return workflow_in_text(read_text_file(file, Pipes::Read), registry, file.string());
}

}  // namespace weft::host
