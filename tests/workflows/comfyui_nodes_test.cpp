// Picture, mask and latent nodes against ComfyUI's own (tests/reference/make_comfyui_node_golden.py), and hints for ControlNets
// against comfyui_controlnet_aux (make_hint_golden.py), called by the names and inputs of their classes: so what a class
// becomes here is tested as well as what it computes.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <sstream>

#include "graph/registry.h"
#include "import/comfyui/classes.h"
#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/values/values.h"
#include "plugins/node_call.h"
#include "tests/nodes/seeded_source.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

using nlohmann::json;
using Cases = nlohmann::ordered_json;  // inputs that become one list count in their order

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

/// "image:NAME:1x6x7x3": see the script.
std::optional<Value> seeded_value(const Cases& given) {
  const std::vector<std::string> parts =
      given.is_string() ? split(given.get<std::string>(), ':') : std::vector<std::string>();
  if (parts.size() != 3 || parts[0] == "operation") return std::nullopt;
  std::vector<std::int64_t> shape;
  for (const std::string& side : split(parts[2], 'x')) shape.push_back(std::stoll(side));
  at::Tensor values = sd::seeded_normal(parts[1], shape);
  if (parts[0] == "latent") return Value::of(Latent{values});
  values = parts[1] == "levels"
      ? (at::tensor({0.f, 128.f, 255.f, 128.f}) / 255).repeat({values.numel() / 4}).view(shape)
      : values.sigmoid();
  return parts[0] == "image" ? Value::of(Image(values)) : Value::of(Mask(values));
}

Value plain_value(const PortInfo& port, const json& value) {
  if (port.type == "bool") return Value::of(value.get<bool>());
  if (port.type == "int") return Value::of(value.get<std::int64_t>());
  if (port.type == "float") return Value::of(value.get<double>());
  return Value::of(value.get<std::string>());
}

/// What stands at each port without a link: the defaults.
NodeInputs defaults_of(const NodeInfo& type) {
  NodeInputs inputs(type.inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const PortInfo& port = type.inputs[i];
    if (port.kind == PortKind::Param && !port.init.is_null())
      inputs[i] = {plain_value(port, port.init)};
    else if (port.kind == PortKind::Input && !port.many)
      inputs[i] = {Value()};
  }
  return inputs;
}

/// "operation:CLASS:1:0.5": see the script.
std::optional<Value> operation(const Registry& registry, const Cases& given) {
  const std::vector<std::string> parts =
      given.is_string() ? split(given.get<std::string>(), ':') : std::vector<std::string>();
  if (parts.size() < 2 || parts[0] != "operation") return std::nullopt;
  const comfyui::Known known = registry.find_foreign(comfyui::kProgram, parts[1]);
  NodeInputs inputs = defaults_of(*known.type);
  for (std::size_t i = 2; i < parts.size(); ++i) {
    const PortInfo* port = comfyui::port_of(known, known.declared->inputs.at(i - 2));
    inputs.at(static_cast<std::size_t>(port - known.type->inputs.data())) = {plain_value(*port, json::parse(parts[i]))};
  }
  return call_node(registry.node(known.type->id), inputs).outputs.at(0);
}

/// What stands at each port: the defaults, and over them the class's inputs.
NodeInputs inputs_of(const Registry& registry, const comfyui::Known& known, const Cases& given) {
  const std::vector<PortInfo>& ports = known.type->inputs;
  NodeInputs inputs = defaults_of(*known.type);
  for (const auto& [name, value] : given.items()) {
    const ForeignInput* declared = comfyui::declared_input(known, name);
    EXPECT_NE(declared, nullptr) << name;
    const PortInfo* port = declared ? comfyui::port_of(known, *declared) : nullptr;
    if (!port) continue;
    std::vector<Value>& there = inputs[static_cast<std::size_t>(port - ports.data())];
    if (!port->many) there.clear();
    std::optional<Value> seeded = seeded_value(value);
    if (!seeded) seeded = operation(registry, value);
    there.push_back(seeded ? *seeded : plain_value(*port, comfyui::own_value(*port, *declared, value)));
  }
  return inputs;
}

at::Tensor tensor_of(const Value& value) {
  if (value.is<Image>()) return value.as<Image>().pixels();
  if (value.is<Mask>()) return value.as<Mask>().values();
  return value.as<Latent>().samples;
}

/// The outputs of one case after another, as the script wrote them.
class Expected {
 public:
  explicit Expected(const std::filesystem::path& file) : file_(sd::SafetensorsFile::open(file.string())) {}

  at::Tensor next(const std::string& shape) {  // "1x5x6x3", "u1x5x6"
    const bool bytes = shape.starts_with('u');
    std::vector<std::int64_t> sides;
    std::int64_t count = 1;
    for (const std::string& side : split(shape.substr(bytes ? 1 : 0), 'x'))
      count *= sides.emplace_back(std::stoll(side));
    std::int64_t& place = bytes ? byte_ : float_;
    const at::Tensor values = file_.tensor(bytes ? "bytes" : "floats").narrow(0, place, count).view(sides);
    place += count;
    return bytes ? values.to(at::kFloat) / 255 : values;
  }

 private:
  sd::SafetensorsFile file_;
  std::int64_t float_ = 0, byte_ = 0;
};

/// Runs the cases of golden/NAME.json and compares each output with golden/NAME.safetensors; how many there were.
std::size_t compare_all(const std::string& file) {
  const Bench bench;
  const std::filesystem::path folder = source_folder() / "tests/workflows/golden";
  Expected golden(folder / (file + ".safetensors"));
  const Cases cases = Cases::parse(std::ifstream(folder / (file + ".json")));
  for (const Cases& entry : cases) {
    const std::string name = entry[0];
    SCOPED_TRACE(name + " " + entry[1].dump());
    std::vector<at::Tensor> all_expected;
    for (const Cases& shape : entry[2]) all_expected.push_back(golden.next(shape));
    const json facts = entry.size() > 3 ? json(entry[3]) : json::object();
    const comfyui::Known known = bench.registry().find_foreign(comfyui::kProgram, name);
    EXPECT_TRUE(known.type) << name;
    if (!known.type) continue;
    Cases given = entry[1];
    if (name == "ImageCropV2") {  // as the importer takes its region apart
      for (const auto& [side, value] : entry[1]["crop_region"].items()) given["crop_region." + side] = value;
      given.erase("crop_region");
    }
    const NodeOutcome outcome =
        call_node(bench.registry().node(known.type->id), inputs_of(bench.registry(), known, given));
    EXPECT_EQ(outcome.error, "");
    if (!outcome.error.empty()) continue;
    for (std::size_t k = 0; k < known.declared->outputs.size(); ++k) {
      at::Tensor found = tensor_of(outcome.outputs.at(k));
      const at::Tensor& expected = all_expected.at(k);
      const std::int64_t every = facts.value("every", 1);
      if (every > 1) found = found.slice(1, 0, {}, every).slice(2, 0, {}, every);
      if (found.dim() == expected.dim() + 1) {  // of three equal channels one is stored
        EXPECT_TRUE(at::equal(found.select(3, 0), found.select(3, 2)));
        found = found.select(3, 0);
      }
      EXPECT_EQ(found.sizes(), expected.sizes());
      if (found.sizes() != expected.sizes()) continue;
      const double scale = std::max(1e-6, expected.abs().max().item<double>());
      const double margin = 1e-5 + facts.value("levels", 0) / 255.0;
      EXPECT_LE((found - expected).abs().max().item<double>() / scale, margin);
      if (facts.contains("batch_index")) {
        const auto places = facts["batch_index"].get<std::vector<std::int64_t>>();
        EXPECT_EQ(outcome.outputs.at(k).as<Latent>().batch_index, places);
      }
    }
  }
  return cases.size();
}

TEST(ComfyUiNodes, GiveWhatComfyUiGives) { EXPECT_GE(compare_all("comfyui_nodes"), 139u); }

TEST(Hints, AreWhatComfyUisAnnotatorsDraw) { EXPECT_GE(compare_all("hints"), 22u); }

}  // namespace
}  // namespace weft::test
