// The gallery of templates and the folder of workflows agree.
#include "editor/session/templates.h"

#include <gtest/gtest.h>

#include <set>

#include "graph/workflow.h"
#include "tests/temporary_folder.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

const fs::path kWorkflows = fs::path(WEFT_SOURCE_DIR) / "workflows";

TEST(Templates, AreAllTheWorkflowsThatComeWithTheProgram) {
  std::set<fs::path> shown, there;
  for (const Template& each : templates_in(kWorkflows)) shown.insert(each.file);
  for (const auto& entry : fs::recursive_directory_iterator(kWorkflows))
    if (entry.path().extension() == ".json" && entry.path().filename() != "schema.json") there.insert(entry.path());
  EXPECT_EQ(shown, there);
}

TEST(Templates, HaveSmallPicturesWhereTheirModelsComeWithTheProgram) {
  for (const Template& each : templates_in(kWorkflows)) {
    EXPECT_EQ(each.picture.empty(), each.group == Template::Group::Larger) << each.file;
    EXPECT_LE(each.picture.empty() ? 0 : fs::file_size(each.picture), 20u * 1024) << each.picture;
  }
}

TEST(Templates, InpaintingTakesLessThanTenNodes) {
  EXPECT_LT(load_workflow(kWorkflows / "inpainting.json").graph.size(), 10u);
}

TEST(Templates, AreNoneWhereNoneWereInstalled) {
  const TemporaryFolder empty;
  EXPECT_TRUE(templates_in(empty.path()).empty());
  EXPECT_TRUE(templates_in({}).empty());
}

}  // namespace
}  // namespace weft::editor
