// Every workflow that we ship: it can be read, is written back the same, has no problems, and runs.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "graph/validate.h"
#include "tests/nodes/paper_models.h"
#include "tests/nodes/small_models.h"
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

/// Those of 512 x 512 pixels name Stable Diffusion 1.5, which the user brings; here it has a sixth of its width and random
/// weights.
void write_checkpoint(const std::filesystem::path& file, std::int64_t in_channels) {
  sd::SmallModel model = sd::medium_model();
  model.unet.in_channels = in_channels;
  model.text.vocab = 49408;
  model.text.eos_id = 49407;
  std::filesystem::create_directories(file.parent_path());
  sd::write_single_file(file, model);
}

TEST_P(ShippedWorkflow, RunsAndGivesAllItsResults) {
  const sd::TemporaryFolder models;
  Workflow workflow = load_workflow(GetParam());
  Bench bench(std::vector<std::filesystem::path>{models / ""});
  bench.set_workflow_folder(GetParam().parent_path());
  if (GetParam().filename() == "05-context-by-a-label-of-imagenet.json") {
    std::filesystem::create_directories(models / "checkpoints");
    sd::write_paper_model(models / "checkpoints/cin256-v2.safetensors", "cin");
    for (const auto& [name, value] : {std::pair{"label", "3"}, {"any.label", "10"}, {"steps", "2"}})
      set_by_name(workflow, bench.registry(), name, value);
  }
  if (GetParam().filename().string().starts_with("07-")) {
    write_checkpoint(models / "checkpoints/v1-5-pruned-emaonly.safetensors", 4);
    write_checkpoint(models / "checkpoints/sd-v1-5-inpainting.safetensors", 9);
    set_by_name(workflow, bench.registry(), "steps", "2");
  }
  EXPECT_TRUE(bench.run(workflow).ok);
}

INSTANTIATE_TEST_SUITE_P(All, ShippedWorkflow, testing::ValuesIn(shipped()), name_of);

}  // namespace
}  // namespace weft::test
