// Nodes of plain values, read as ComfyUI's classes, against what these give (tests/reference/make_value_golden.py).
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "import/comfyui/import.h"
#include "nodes/sd/values/values.h"
#include "tests/nodes/small_models.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

/// A case as a file of ComfyUI's API: linked values come from primitives.
json api_of(const std::string& name, const json& inputs) {
  json file = {{"node", {{"class_type", name}, {"inputs", json::object()}}}};
  const auto link = [&](const std::string& input, const json& value) {
    const char* type = value.is_boolean() ? "PrimitiveBoolean"
        : value.is_number_integer()       ? "PrimitiveInt"
        : value.is_number()               ? "PrimitiveFloat"
                                          : "PrimitiveString";
    file[input] = {{"class_type", type}, {"inputs", {{"value", value}}}};
    file["node"]["inputs"][input] = {input, 0};
  };
  for (const auto& [input, value] : inputs.items()) {
    if (input == "values")
      for (const auto& [letter, each] : value.items()) link("values." + letter, each);
    else if (name == "PreviewAny")
      link(input, value);
    else
      file["node"]["inputs"][input] = value;
  }
  return file;
}

json as_json(const Value& value) {
  if (value.is<bool>()) return value.as<bool>();
  if (value.is<std::int64_t>()) return value.as<std::int64_t>();
  if (value.is<double>()) return value.as<double>();
  return value.as<std::string>();
}

TEST(Values, AreComfyUIs) {
  Bench bench;
  const json cases = json::parse(std::ifstream(source_folder() / "tests/workflows/golden/values.json"));
  ASSERT_GT(cases.size(), 190u);
  for (const json& each : cases) {
    SCOPED_TRACE(each.dump());
    const auto made = comfyui::import_workflow(api_of(each[0], each[1]), bench.registry(), "case");
    EXPECT_THAT(made.remarks, testing::IsEmpty());
    const RunResult result = bench.run(made.workflow, {"node"}, /*may_fail=*/true);
    EXPECT_EQ(result.problems.empty(), !each[2].is_null());
    if (each[2].is_null() || !result.problems.empty()) {
      for (const Problem& problem : result.problems) EXPECT_TRUE(each[2].is_null()) << problem.text();
      continue;
    }
    const auto& outputs = result.nodes.at("node").outputs;
    ASSERT_EQ(outputs.size(), each[2].size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const json found = as_json(outputs[i]), &wanted = each[2][i];
      if (found.is_number_float())
        EXPECT_NEAR(found.get<double>(), wanted.get<double>(), 1e-12 * std::abs(wanted.get<double>()));
      else
        EXPECT_EQ(found, wanted);
    }
  }
}

TEST(Values, NameWhatIsWrongWithAnExpression) {
  Bench bench;
  const auto problem = [&](const std::string& expression) {
    const auto made = comfyui::import_workflow(
        api_of("ComfyMathExpression", {{"expression", expression}, {"values", {{"a", 1}}}}), bench.registry(), "case");
    const RunResult result = bench.run(made.workflow, {"node"}, true);
    return result.problems.empty() ? std::string("none") : result.problems[0].text();
  };
  EXPECT_THAT(
      problem("a + zebra"), HasSubstr("expression, column 5: 'zebra' is neither a linked value nor a function"));
  EXPECT_THAT(problem("(a"), HasSubstr("expression, column 3: something is missing at the end"));
  EXPECT_THAT(problem("9 ** 99"), HasSubstr("too large for a whole number"));
  EXPECT_THAT(problem("sqrt(-a)"), HasSubstr("sqrt() has no value for -1"));
  EXPECT_THAT(problem(std::string(5000, '(')), HasSubstr("more than 100 brackets"));
  EXPECT_THAT(problem(std::string(5000, '-') + "a"), HasSubstr("too many signs"));
}

TEST(Values, RegularExpressionsEnd) {
  Bench bench;
  const auto made = comfyui::import_workflow(
      api_of("RegexMatch", {{"string", std::string(5000, 'a') + "b"}, {"regex_pattern", "(a*)*(a*)*c"}}),
      bench.registry(), "case");
  EXPECT_THAT(
      bench.run(made.workflow, {"node"}, true).problems, Contains(Field(&Problem::what, HasSubstr("takes too long"))));
}

// ---- Wildcards ----

TEST(Wildcards, DrawOneTextForASeed) {
  const sd::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "wildcards/animals");
  std::ofstream(folder / "wildcards/animals/big.txt") << "\xEF\xBB\xBF# remark\nhorse\n  cow \r\n\n{old|young} bear\n";
  std::ofstream(folder / "wildcards/animals/small.txt") << "fox\ncow\n";
  Bench bench({folder / ""});
  const auto text = [&](const std::string& written, std::uint64_t seed) {
    return output<std::string>(
        bench.run(
            json{{"weft", 1},
                {"nodes", {{"draw", {{"type", "text.wildcards"}, {"inputs", {{"text", written}, {"seed", seed}}}}}}}}
                .dump(),
            {"draw"}),
        "draw");
  };
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 60; ++seed) found.insert(text("a __animals/*__", seed));
  EXPECT_THAT(found, ElementsAre("a cow", "a fox", "a horse", "a old bear", "a young bear"));
  EXPECT_EQ(text("{a|b|c|d} {e|f|g|h}", 5), text("{a|b|c|d} {e|f|g|h}", 5));
  EXPECT_EQ(text("__animals/none__", 1), "__animals/none__");
  EXPECT_THAT(bench.warnings(), Contains(HasSubstr("there is no wildcard 'animals/none'")));
  int heavy = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) heavy += text("{3::a|b}", seed) == "a";
  EXPECT_NEAR(heavy / 400.0, 0.75, 0.08);
}

// ---- Dialects ----

Conditioning encoded(Bench& bench, const json& inputs) {
  json nodes = {{"model", {{"type", "checkpoint.load"}, {"inputs", {{"name", "paper-cut"}}}}},
      {"text", {{"type", "text.encode"}, {"inputs", inputs}}}};
  nodes["text"]["inputs"]["clip"] = {{"link", "model.clip"}};
  return output<Conditioning>(bench.run(json{{"weft", 1}, {"nodes", nodes}}.dump(), {"text"}), "text");
}

TEST(Dialects, A1111ChangesTheTextInTheCourseOfSampling) {
  Bench bench;
  const auto entries =
      encoded(bench, {{"text", "a [fox:boat:0.5] AND [sea|sky]:0.5"}, {"dialect", "a1111"}, {"steps", 4}}).entries;
  const auto alone = [&](const char* text) {
    return encoded(bench, {{"text", text}, {"dialect", "a1111"}}).entries.at(0).context;
  };
  ASSERT_EQ(entries.size(), 6u);
  EXPECT_TRUE(entries[0].context.equal(alone("a fox")));
  EXPECT_TRUE(entries[1].context.equal(alone("a boat")));
  EXPECT_TRUE(entries[5].context.equal(alone(" sky")));
  EXPECT_TRUE(entries[0].range_in_steps);
  EXPECT_EQ(entries[0].end_percent, 0.5);
  EXPECT_EQ(entries[1].start_percent, 0.5);
  EXPECT_EQ(entries[3].start_percent, 0.25);
  EXPECT_EQ(entries[1].composed, (sd::ComposedPart{0, 1}));
  EXPECT_EQ(entries[3].composed, (sd::ComposedPart{1, 0.5}));
}

TEST(Dialects, OfOneTextAreOneEntry) {
  Bench bench;
  const auto comfyui = encoded(bench, {{"text", "a boat"}}).entries,
             a1111 = encoded(bench, {{"text", "a boat"}, {"dialect", "a1111"}}).entries,
             compel = encoded(bench, {{"text", "a boat"}, {"dialect", "compel"}}).entries;
  ASSERT_EQ(a1111.size(), 1u);
  EXPECT_FALSE(a1111[0].range_in_steps);
  EXPECT_TRUE(a1111[0].context.equal(comfyui[0].context));
  EXPECT_TRUE(compel.at(0).context.allclose(comfyui[0].context, 1e-5, 1e-5));
  EXPECT_EQ(compel[0].tokens.at(2).text, "boat");
}

TEST(Dialects, WarnOfWhatATextCannotDo) {
  Bench bench;
  encoded(bench, {{"text", "a <lora:calm:0.8> boat [embedding:sea] 16:9"}, {"dialect", "a1111"}});
  EXPECT_THAT(bench.warnings(),
      ElementsAre(HasSubstr("the LoRA 'calm' is not applied by the text"), HasSubstr("':9' at the end"),
          HasSubstr("there is no embedding 'sea'")));
}

/// Sampling with a text that changes is sampling with the first, and going on with the other.
TEST(Dialects, ChangeAtTheStepThatIsNamed) {
  Bench bench;
  const auto linked = [](const char* output) { return json{{"link", output}}; };
  const auto encode = [&](const char* text) {
    const json inputs = {{"text", text}, {"dialect", "a1111"}, {"steps", 4}, {"clip", linked("model.clip")}};
    return json{{"type", "text.encode"}, {"inputs", inputs}};
  };
  for (const char* schedule : {"normal", "karras"}) {
    const auto sample = [&](const char* text, const char* latent, int start, int end) {
      const json inputs = {{"model", linked("model.model")}, {"positive", linked(text)},
          {"negative", linked("none.conditioning")}, {"latent", linked(latent)}, {"seed", 3}, {"steps", 4},
          {"schedule", schedule}, {"sampler", "euler"}, {"start_step", start}, {"end_step", end},
          {"add_noise", start == 0}, {"leave_noise", end < 4}};
      return json{{"type", "sample.ksampler_advanced"}, {"inputs", inputs}};
    };
    const json nodes = {{"model", {{"type", "checkpoint.load"}, {"inputs", {{"name", "paper-cut"}}}}},
        {"none", encode("")}, {"fox", encode("a fox")}, {"boat", encode("a boat")}, {"both", encode("a [fox:boat:2]")},
        {"share", encode("a [fox:boat:0.5]")},
        {"empty", {{"type", "latent.empty"}, {"inputs", {{"width", 64}, {"height", 64}}}}},
        {"at_once", sample("both.conditioning", "empty.latent", 0, 4)},
        {"by_share", sample("share.conditioning", "empty.latent", 0, 4)},
        {"first", sample("fox.conditioning", "empty.latent", 0, 2)},
        {"then", sample("boat.conditioning", "first.latent", 2, 4)},
        {"plain", sample("fox.conditioning", "empty.latent", 0, 4)}};
    const RunResult result =
        bench.run(json{{"weft", 1}, {"nodes", nodes}}.dump(), {"at_once", "by_share", "then", "plain"});
    const auto latent = [&](const char* node) { return output<Latent>(result, node).samples; };
    EXPECT_TRUE(latent("at_once").allclose(latent("then"), 1e-4, 1e-4)) << schedule;
    EXPECT_TRUE(latent("at_once").equal(latent("by_share"))) << schedule;
    EXPECT_FALSE(latent("at_once").allclose(latent("plain"), 1e-2, 1e-2)) << schedule;
  }
}

}  // namespace
}  // namespace weft::test
