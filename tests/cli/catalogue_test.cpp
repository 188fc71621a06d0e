// weft nodes, weft models, and that both start without libtorch.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <boost/process.hpp>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/cli/weft_program.h"

namespace weft::test {
namespace {

namespace bp = boost::process;

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

using NodesCommand = WeftProgram;

TEST_F(NodesCommand, ListsByMenu) {
  const Outcome nodes = weft({"nodes"});
  EXPECT_EQ(nodes.exit, 0) << nodes.err;
  EXPECT_THAT(nodes.out, HasSubstr("Test/Values\n"));
  EXPECT_THAT(nodes.out, testing::ContainsRegex("  test.number +Number\n"));
}

TEST_F(NodesCommand, ExplainsOne) {
  const std::string help = weft({"nodes", "test.number"}).out;
  EXPECT_THAT(help, HasSubstr("test.number: Number\n"));
  EXPECT_THAT(help, HasSubstr("Gives a number."));
  EXPECT_THAT(help, testing::ContainsRegex("value +int +1; 0 to 100 +how many\n"));
}

TEST_F(NodesCommand, SaysWhatMayStandAtEachPort) {
  EXPECT_THAT(weft({"nodes", "test.say"}).out, HasSubstr("\"calm\"; one of calm, loud"));
  EXPECT_THAT(weft({"nodes", "test.use_model"}).out, HasSubstr("a model in 'checkpoints'"));
  EXPECT_THAT(weft({"nodes", "test.read_file"}).out, HasSubstr("required; a file"));
}

TEST_F(NodesCommand, NamesTheNearestOnATypingError) {
  const Outcome nodes = weft({"nodes", "test.numbr"});
  EXPECT_EQ(nodes.exit, 2);
  EXPECT_THAT(nodes.err, HasSubstr("test.number"));
}

TEST_F(NodesCommand, GivesTheDeclarationsAsJson) {
  const auto all = nlohmann::json::parse(weft({"nodes", "--json"}).out);
  EXPECT_TRUE(all.is_array());
  const auto one = nlohmann::json::parse(weft({"nodes", "test.number", "--json"}).out);
  EXPECT_EQ(one.at("id"), "test.number");
  EXPECT_THAT(all, Contains(one));
}

TEST_F(NodesCommand, WritesAMarkdownPage) {
  const std::string page = weft({"nodes", "--markdown"}).out;
  EXPECT_THAT(page, HasSubstr("## Test/Values\n"));
  EXPECT_THAT(page, HasSubstr("| param | `value` | int | 1; 0 to 100 | how many |\n"));
}

TEST_F(NodesCommand, ReportsAPluginThatWasRefusedAndListsTheOthers) {
  file("broken/libbroken.weft.json", "{");
  const Outcome nodes =
      weft({"nodes"}, {.variables = {{"WEFT_PLUGIN_PATH", (scratch_ / "broken").string() + ":" + WEFT_TEST_PLUGINS}}});
  EXPECT_EQ(nodes.exit, 0);
  EXPECT_THAT(nodes.err, HasSubstr("broken"));
  EXPECT_THAT(nodes.out, HasSubstr("test.number"));
}

using ModelsCommand = WeftProgram;

TEST_F(ModelsCommand, ListsByFolderWithSizes) {
  file("models/checkpoints/sd15/v1-5.safetensors", std::string(2'500'000, 'x'));
  file("models/loras/notes.txt");
  file("models/checkpoints/tiny/model_index.json", "{}");
  file("models/checkpoints/tiny/unet/diffusion_pytorch_model.safetensors", std::string(998, 'x'));
  const Outcome models = weft({"models"});
  EXPECT_EQ(models.exit, 0) << models.err;
  EXPECT_THAT(models.out, testing::ContainsRegex("checkpoints\n.*sd15/v1-5.safetensors +2.5 MB"));
  EXPECT_THAT(models.out, testing::ContainsRegex("tiny +1.0 kB .*\\(diffusers folder\\)"));
  EXPECT_THAT(models.out, Not(HasSubstr("diffusion_pytorch_model")));
  EXPECT_THAT(models.out, Not(HasSubstr("notes.txt")));
}

TEST_F(ModelsCommand, SaysWhichOfTwoWithOneNameIsInUse) {
  file("first/vae/x.safetensors");
  file("second/vae/x.safetensors");
  const std::vector<std::string> roots = {"models", "--models", "first", "--models", "second"};
  EXPECT_THAT(weft(roots).out,
      HasSubstr((scratch_ / "second").string() + "  (hidden by the one in " + (scratch_ / "first").string() + ")"));
  auto with_json = roots;
  with_json.push_back("--json");
  std::vector<std::pair<std::string, bool>> seen;
  const nlohmann::json report = nlohmann::json::parse(weft(with_json).out);
  for (const auto& model : report.at("models"))
    if (model.at("name") == "x.safetensors") seen.emplace_back(model.at("path"), model.at("shadowed"));
  EXPECT_THAT(seen,
      testing::ElementsAre(std::pair((scratch_ / "first/vae/x.safetensors").string(), false),
          std::pair((scratch_ / "second/vae/x.safetensors").string(), true)));
}

TEST_F(ModelsCommand, ReadsFoldersThatComfyUiRenamed) {
  file("models/text_encoders/clip_l.safetensors");
  EXPECT_THAT(weft({"models"}).out, testing::ContainsRegex("clip\n +clip_l.safetensors"));
}

TEST_F(ModelsCommand, ALoopOfLinksEnds) {
  file("models/checkpoints/a.safetensors");
  std::filesystem::create_directory_symlink("..", scratch_ / "models/checkpoints/loop");
  EXPECT_EQ(weft({"models"}).exit, 0);
}

/// `weft ARGUMENTS`, held at its first byte of output by a pipe that is full.
class HeldWeft {
 public:
  HeldWeft(const std::filesystem::path& scratch, const std::vector<std::string>& arguments) {
    fill();
    bp::environment environment = boost::this_process::environment();
    environment["WEFT_PLUGIN_PATH"] = WEFT_TEST_PLUGINS;
    child_ = bp::child(WEFT_PROGRAM, bp::args(arguments), bp::start_dir(scratch.string()), environment,
        bp::std_out > full_, bp::std_err > bp::null);
  }
  ~HeldWeft() { child_.terminate(); }

  std::string memory_map() const { return read("maps"); }

  /// Waits until the process sleeps and goes on sleeping, which without threads it does at the full pipe
  /// alone.
  void await_output() const {
    int asleep = 0;
    for (int i = 0; i < 2000 && asleep < 10; ++i) {
      asleep = read("stat").find("(weft) S ") != std::string::npos ? asleep + 1 : 0;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ASSERT_EQ(asleep, 10) << "weft never waited for its output";
  }

 private:
  void fill() {
    fcntl(full_.native_sink(), F_SETFL, O_NONBLOCK);
    const std::array<char, 4096> chunk{};
    while (write(full_.native_sink(), chunk.data(), chunk.size()) > 0) {
    }
    fcntl(full_.native_sink(), F_SETFL, 0);
  }

  std::string read(const std::string& name) const {
    std::ifstream file("/proc/" + std::to_string(child_.id()) + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  bp::pipe full_;
  bp::child child_;
};

using MemoryMap = WeftProgram;

TEST_F(MemoryMap, ListingAndCheckingBringNoTorchIn) {
  const std::string file = workflow(R"({"t": {"type": "test.say"}})");
  const std::vector<std::vector<std::string>> commands = {
      {"nodes"}, {"nodes", "test.say"}, {"check", file}, {"models"}, {"plugin", "list"}, {"run", file, "--dry-run"}};
  for (const auto& command : commands) {
    const HeldWeft weft(scratch_, command);
    weft.await_output();
    const std::string map = weft.memory_map();
    EXPECT_THAT(map, HasSubstr("libweft_graph")) << testing::PrintToString(command);
    EXPECT_THAT(map, Not(HasSubstr("torch"))) << testing::PrintToString(command);
    EXPECT_THAT(map, Not(HasSubstr("libc10"))) << testing::PrintToString(command);
  }
}

TEST_F(MemoryMap, ARunBringsTorchInWithThePlugin) {
  const HeldWeft weft(scratch_, {"run", workflow(R"({"t": {"type": "test.say"}})")});
  for (int i = 0; i < 3000 && weft.memory_map().find("libtorch_cpu") == std::string::npos; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_THAT(weft.memory_map(), HasSubstr("libtorch_cpu"));
}

}  // namespace
}  // namespace weft::test
