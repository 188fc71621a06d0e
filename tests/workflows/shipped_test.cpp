// Every workflow that we ship: it can be read, is written back the same, has no problems, and runs.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "graph/validate.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

std::vector<std::filesystem::path> shipped() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source_folder() / "workflows"))
    if (entry.path().extension() == ".json" && entry.path().filename() != "schema.json") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

std::string name_of(const testing::TestParamInfo<std::filesystem::path>& info) {
  std::string name = info.param.stem().string();
  std::ranges::replace_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
}

class ShippedWorkflow : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(ShippedWorkflow, ComesBackTheSameFromARoundTrip) {
  const Workflow workflow = load_workflow(GetParam());
  EXPECT_EQ(parse_workflow(to_text(workflow)), workflow);
}

TEST_P(ShippedWorkflow, HasNoProblems) {
  const Bench bench;
  for (const Problem& problem : validate(load_workflow(GetParam()), bench.registry())) ADD_FAILURE() << problem.text();
}

TEST_P(ShippedWorkflow, RunsAndGivesAllItsResults) {
  Bench bench;
  EXPECT_TRUE(bench.run(load_workflow(GetParam())).ok);
}

INSTANTIATE_TEST_SUITE_P(All, ShippedWorkflow, testing::ValuesIn(shipped()), name_of);

}  // namespace
}  // namespace weft::test
