// Small nodes that make every outcome of a run happen: values, waiting, failing, writing files, naming
// models.

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <thread>

#include "plugins/sdk.h"
#include "plugins/values.h"

namespace {

using namespace weft;

/// A value that is neither text nor number.
struct Basket {
  static constexpr std::string_view kType = "test.basket";
  std::int64_t apples = 0;
};

class Number final : public Node {
  Param<std::int64_t> value_{*this, "value", {.init = 1, .min = 0, .max = 100, .tip = "how many"}};
  Output<std::int64_t> number_{*this, "number"};

  void run(RunContext& ctx) const override { ctx.set(number_, ctx[value_]); }
};

class NoPictures final : public Node {
  Output<Image> image_{*this, "image"};

  void run(RunContext& ctx) const override { ctx.set(image_, Image(at::empty({0, 8, 8, 3}))); }
};

class Add final : public Node {
  Input<std::int64_t> a_{*this, "a"}, b_{*this, "b"};
  Output<std::int64_t> sum_{*this, "sum"};

  void run(RunContext& ctx) const override { ctx.set(sum_, ctx[a_] + ctx[b_]); }
};

class Say final : public Node {
  Param<std::string> text_{*this, "text", {.init = "hello", .widget = Widget::Text}};
  Param<std::string> mood_{*this, "mood", {.init = "calm", .choices = {"calm", "loud"}}};
  Output<std::string> said_{*this, "said"};

  void run(RunContext& ctx) const override { ctx.set(said_, ctx[text_] + (ctx[mood_] == "loud" ? "!" : "")); }
};

class Gather final : public Node {
  Input<std::int64_t> number_{*this, "number"};
  Output<Basket> basket_{*this, "basket"};

  void run(RunContext& ctx) const override { ctx.set(basket_, Basket{ctx[number_]}); }
};

class Slow final : public Node {
  Param<std::int64_t> steps_{*this, "steps", {.init = 3, .min = 1, .max = 100000}};
  Param<std::int64_t> milliseconds_{
      *this, "milliseconds", {.init = 10, .min = 0, .max = 100000, .tip = "of each step"}};
  Output<std::int64_t> number_{*this, "number"};

  void run(RunContext& ctx) const override {
    for (std::int64_t i = 0; i < ctx[steps_]; ++i) {
      ctx.progress(i, ctx[steps_]);
      std::this_thread::sleep_for(std::chrono::milliseconds(ctx[milliseconds_]));
    }
    ctx.set(number_, ctx[steps_]);
  }
};

/// Never looks whether it is to stop.
class Stubborn final : public Node {
  Output<std::int64_t> number_{*this, "number"};

  void run(RunContext& ctx) const override {
    ctx.progress(0, 1);
    std::this_thread::sleep_for(std::chrono::seconds(60));
    ctx.set(number_, std::int64_t{1});
  }
};

class Fail final : public Node {
  Param<std::string> why_{*this, "why", {.init = "the well is dry"}};
  Output<std::int64_t> number_{*this, "number"};

  void run(RunContext& ctx) const override { throw NodeError(ctx[why_], "dig deeper"); }
};

class Warn final : public Node {
  Output<std::int64_t> number_{*this, "number"};

  void run(RunContext& ctx) const override {
    ctx.warn("clouds ahead");
    ctx.set(number_, std::int64_t{1});
  }
};

/// Writes beside the file and renames, as nodes that write files do.
class WriteFile final : public Node {
  Param<std::string> name_{*this, "name", {.init = "file.txt"}};
  Param<std::int64_t> bytes_{*this, "bytes", {.init = 10, .min = 0, .max = 100'000'000}};
  Input<std::int64_t> after_{*this, "after", {.tip = "runs when this is there", .optional = true}};
  Output<std::string> path_{*this, "path"};

  void run(RunContext& ctx) const override {
    const std::filesystem::path folder = ctx.environment().output_folder;
    std::filesystem::create_directories(folder);
    const std::filesystem::path path = folder / ctx[name_], partial = folder / (ctx[name_] + ".part");
    std::ofstream file(partial);
    file << std::string(static_cast<std::size_t>(ctx[bytes_]), 'x');
    file.close();
    if (!file) {
      std::filesystem::remove(partial);
      throw NodeError("cannot write '" + path.string() + "'", "free some space");
    }
    std::filesystem::rename(partial, path);
    ctx.set(path_, path.string());
  }
};

class UseModel final : public Node {
  Param<std::string> model_{*this, "model", {.init = "", .widget = Widget::Model, .folder = "checkpoints"}};
  Output<std::string> name_{*this, "name"};

  void run(RunContext& ctx) const override { ctx.set(name_, ctx[model_]); }
};

class ReadFile final : public Node {
  Param<std::string> file_{*this, "file", {.required = true, .widget = Widget::File}};
  Output<std::string> name_{*this, "name"};

  void run(RunContext& ctx) const override { ctx.set(name_, ctx[file_]); }
};

/// What the run was told from outside.
class Surroundings final : public Node {
  Output<std::string> device_{*this, "device"}, dtype_{*this, "dtype"}, models_{*this, "models"},
      workflow_{*this, "workflow"};

  void run(RunContext& ctx) const override {
    const RunEnvironment& environment = ctx.environment();
    std::string models;
    for (const auto& root : environment.model_folders) models += root.string() + "\n";
    ctx.set(device_, ctx.device().name());
    ctx.set(dtype_, environment.dtype);
    ctx.set(models_, models);
    ctx.set(workflow_, environment.workflow.dump());
  }
};

/// Calls itself in a way that no compiler makes a loop of.
int use_up_stack(int depth) {
  static int (*volatile again)(int) = use_up_stack;
  volatile char page[4096] = {};
  return depth == 0 ? page[0] : again(depth - 1) + page[1];
}

/// Ends the whole process, in one of the ways in which a plugin's bug does.
class Fall final : public Node {
  Param<std::string> how_{*this, "how",
      {.init = "abort",
          .choices = {"abort", "exit", "quick_exit", "segfault", "division", "stack", "thread", "child"}}};
  Input<std::int64_t> after_{*this, "after", {.optional = true}};
  Output<std::int64_t> number_{*this, "number"};

  void run(RunContext& ctx) const override {
    const std::string& how = ctx[how_];
    if (how == "abort") std::abort();
    if (how == "exit") std::exit(0);
    if (how == "quick_exit") std::quick_exit(0);
    if (how == "segfault") std::raise(SIGSEGV);
    if (how == "division") std::raise(SIGFPE);
    if (how == "stack") ctx.set(number_, std::int64_t{use_up_stack(-1)});
    if (how == "child") {
      const pid_t child = ::fork();
      if (child == 0) std::exit(3);
      int status = 0;
      ::waitpid(child, &status, 0);
      ctx.set(number_, std::int64_t{WEXITSTATUS(status)});
    }
    if (how == "thread") std::thread([] { throw std::runtime_error("lost in the woods"); }).join();
  }
};

/// Writes as plugins and libraries do that know nothing of Weft.
class Print final : public Node {
  Param<std::string> text_{*this, "text", {.init = "hello", .widget = Widget::Text}};
  Param<std::string> where_{
      *this, "where", {.init = "printf", .choices = {"printf", "stderr", "cout", "cerr", "write", "child", "pieces"}}};
  Output<std::int64_t> number_{*this, "number"};

  void run(RunContext& ctx) const override {
    const std::string &where = ctx[where_], &text = ctx[text_];
    if (where == "printf") std::printf("%s", text.c_str());
    if (where == "stderr") std::fprintf(stderr, "%s", text.c_str());
    if (where == "cout") std::cout << text << std::flush;
    if (where == "cerr") std::cerr << text;
    if (where == "write" && ::write(1, text.data(), text.size()) < 0) throw NodeError("no stdout");
    if (where == "child" && std::system(("printf '" + text + "'").c_str()) != 0) throw NodeError("no shell");
    for (int i = 0; where == "pieces" && i < 200; ++i) {  // as libpng does
      std::fprintf(stderr, "warning: %s", text.c_str());
      std::this_thread::yield();
      std::fprintf(stderr, "\n");
    }
    ctx.set(number_, std::int64_t{1});
  }
};

}  // namespace

WEFT_PLUGIN("org.weft.test.cli", "1.0.0", registry) {
  registry.add_type(
      {.id = "test.basket", .title = "Basket", .colour = "#804000", .doc = "Apples.", .describe = [](const Value& v) {
         return nlohmann::json{{"apples", v.as<Basket>().apples}};
       }});
  registry.add<Number>("test.number", {.title = "Number", .menu = "Test/Values", .doc = "Gives a number."});
  registry.add<NoPictures>("test.no_pictures", {});
  registry.add<Add>("test.add", {.title = "Add", .menu = "Test/Values", .doc = "Adds two numbers."});
  registry.add<Say>("test.say", {.title = "Say", .menu = "Test/Values"});
  registry.add<Gather>("test.gather", {.title = "Gather", .menu = "Test/Values"});
  registry.add<Slow>("test.slow", {.title = "Slow", .menu = "Test/Runs", .lane = Lane::Device});
  registry.add<Stubborn>("test.stubborn", {.title = "Stubborn", .menu = "Test/Runs"});
  registry.add<Fail>("test.fail", {.title = "Fail", .menu = "Test/Runs"});
  registry.add<Warn>("test.warn", {.title = "Warn", .menu = "Test/Runs"});
  registry.add<WriteFile>(
      "test.write", {.title = "Write", .menu = "Test/Files", .lane = Lane::Io, .cache = Cache::Never, .result = true});
  registry.add<UseModel>("test.use_model", {.title = "Use Model", .menu = "Test/Files"});
  registry.add<ReadFile>("test.read_file", {.title = "Read File", .menu = "Test/Files"});
  registry.add<Fall>("test.fall", {.title = "Fall", .menu = "Test/Runs", .result = true});
  registry.add<Print>("test.print", {.title = "Print", .menu = "Test/Runs", .cache = Cache::Never});
  registry.add<Surroundings>("test.surroundings", {.title = "Surroundings", .menu = "Test/Runs"});
}
