// The child's side of the checker: the tests themselves, each a function on the opened plugin.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <locale>
#include <optional>
#include <regex>
#include <thread>

#include "base/error.h"
#include "graph/validate.h"
#include "graph/value_bytes.h"
#include "plugins/check.h"
#include "plugins/check_protocol.h"
#include "plugins/example_values.h"
#include "plugins/library.h"
#include "plugins/manifest.h"
#include "plugins/node_call.h"

namespace weft {
namespace {

using nlohmann::json;
using End = NodeOutcome::End;
using Verdict = CheckResult::Verdict;

constexpr auto kLongest = std::chrono::seconds(1);  // that a node may compute between two calls of progress()
constexpr int kThreads = 4;

/// What a test has to say; the worst of it is the verdict.
class Findings {
 public:
  void fail(std::string text) { add(Verdict::Fail, std::move(text)); }
  void warn(std::string text) { add(Verdict::Warning, std::move(text)); }
  void skip(std::string text) { add(Verdict::Skipped, std::move(text)); }
  void tried() { tried_ = true; }
  bool tried_any() const { return tried_; }

  json result() const {
    const auto has = [&](Verdict verdict) { return std::ranges::count(verdicts_, verdict) > 0; };
    Verdict verdict = Verdict::Pass;
    if (has(Verdict::Fail))
      verdict = Verdict::Fail;
    else if (has(Verdict::Warning))
      verdict = Verdict::Warning;
    else if (has(Verdict::Skipped) && !tried_)
      verdict = Verdict::Skipped;
    return {{"verdict", name_of(verdict)}, {"findings", texts_}};
  }

 private:
  void add(Verdict verdict, std::string text) {
    verdicts_.push_back(verdict);
    texts_.push_back(std::move(text));
  }
  bool tried_ = false;
  std::vector<Verdict> verdicts_;
  std::vector<std::string> texts_;
};

/// Tells the parent what is tried now, so that a crash has a name.
void announce(const std::string& what) {
  std::printf("\n%s%s\n", check_protocol::kAt, what.c_str());
  std::fflush(stdout);
}

/// What the process takes numbers and words by. All of it is the program's to set, not a plugin's.
struct ProcessLocale {
  std::string c = std::setlocale(LC_ALL, nullptr);
  std::string cpp = std::locale().name();
  locale_t of_thread = uselocale(nullptr);
  bool operator==(const ProcessLocale&) const = default;
};

/// The plugin under test.
struct Subject {
  ProcessLocale locale_before;
  std::filesystem::path file;
  PluginLibrary plugin;
  ExampleValues values;

  explicit Subject(const std::filesystem::path& library)
      : file(library), plugin(open_plugin(library)), values(plugin.registry) {}
};

std::string who(const NodeInfo& node) { return fmt::format("node \"{}\"", node.id); }
std::string who(const NodeInfo& node, const PortInfo& port) {
  return fmt::format("node \"{}\", port \"{}\"", node.id, port.name);
}

/// Inputs to try a node with: each param's default, and an example at each input. None if that cannot be;
/// `why_not` says why then.
std::optional<NodeInputs> example_inputs(Subject& subject, const NodeInfo& node, std::string& why_not) {
  NodeInputs inputs;
  for (const PortInfo& port : node.inputs) {
    const bool names_a_file = port.widget == Widget::Model || port.widget == Widget::File;
    const bool has_default = port.kind == PortKind::Param && !port.init.is_null() && !names_a_file;
    const Value value = has_default ? literal_value(port, port.init) : subject.values.example(port.type);
    if (names_a_file || (!value && !port.optional)) {
      why_not = names_a_file
          ? fmt::format("{} needs a file", who(node, port))
          : fmt::format("{}: no plugin gives an example of the type \"{}\"", who(node, port), port.type);
      return std::nullopt;
    }
    if (!value)
      inputs.emplace_back();
    else
      inputs.push_back(port.many ? std::vector{value, value} : std::vector{value});
  }
  return inputs;
}

/// Calls `test(node, code, inputs)` for each node that can be tried. Only one test, `runs`, tells why others
/// cannot.
template <class Test>
void for_each_node(Subject& subject, Findings& findings, Test test, bool tell_why_not = false) {
  for (const NodeInfo* node : subject.plugin.registry.nodes()) {
    std::string why_not;
    const auto inputs = example_inputs(subject, *node, why_not);
    if (!inputs && tell_why_not) findings.skip(why_not);
    if (!inputs) continue;
    findings.tried();
    announce(who(*node));
    test(*node, subject.plugin.registry.node(node->id), *inputs);
  }
  if (!findings.tried_any()) findings.skip("there is no node that can be tried");
}

/// What the node made, in a form that can be compared; its error counts as a result.
json summary(Subject& subject, const NodeOutcome& outcome) {
  json all = {{"error", outcome.error}};
  for (const Value& value : outcome.outputs) all["outputs"].push_back(value ? subject.values.summary(value) : json());
  return all;
}

void manifest(Subject& subject, Findings& findings) {
  const std::filesystem::path file = manifest_path(subject.file);
  if (!std::filesystem::exists(file)) return findings.fail(fmt::format("there is no manifest {}", file.string()));
  const Manifest written = read_manifest(file);
  const Manifest now = describe_plugin(subject.plugin, subject.file);
  require_same_library(written, subject.file);
  if (written.id != now.id || written.version != now.version || written.nodes != now.nodes ||
      written.types != now.types)
    findings.fail("the manifest says something else than the library: build the plugin again");
}

void loads_twice(Subject& subject, Findings& findings) {
  const PluginLibrary again = open_plugin(subject.file);
  if (node_catalogue(again.registry) != node_catalogue(subject.plugin.registry) ||
      type_catalogue(again.registry) != type_catalogue(subject.plugin.registry))
    findings.fail("a second time the plugin registers other nodes or types than the first time");
}

void names(Subject& subject, Findings& findings) {
  const std::string id = subject.plugin.entry.id, version = subject.plugin.entry.version;
  if (!std::regex_match(id, std::regex("[a-z0-9_-]+(\\.[a-z0-9_-]+)+")))
    findings.fail(fmt::format("the plugin's id \"{}\" is no reversed domain: write it as \"org.example.name\"", id));
  if (!std::regex_match(version, std::regex("\\d+\\.\\d+\\.\\d+.*")))
    findings.fail(fmt::format("the version \"{}\" is not of the form 1.0.0", version));
}

void documented(Subject& subject, Findings& findings) {
  for (const NodeInfo* node : subject.plugin.registry.nodes()) {
    if (node->options.title == node->id) findings.warn(fmt::format("{} has no title", who(*node)));
    if (node->options.menu.empty()) findings.warn(fmt::format("{} has no menu", who(*node)));
    if (node->options.doc.empty()) findings.warn(fmt::format("{} has no doc", who(*node)));
    for (const auto* ports : {&node->inputs, &node->outputs}) {
      for (const PortInfo& port : *ports) {
        if (port.tip.empty()) findings.warn(fmt::format("{} has no tip", who(*node, port)));
      }
    }
  }
  const Registry builtin;
  for (const ValueType* type : subject.plugin.registry.types()) {
    if (builtin.find_type(type->id)) continue;
    if (type->doc.empty() || type->colour.empty() || !type->describe || !type->example)
      findings.warn(fmt::format("value type \"{}\" lacks its doc, colour, describe or example", type->id));
  }
}

void runs(Subject& subject, Findings& findings) {
  for_each_node(
      subject, findings,
      [&](const NodeInfo& node, const Node& code, const NodeInputs& inputs) {
        const NodeOutcome outcome = call_node(code, inputs);
        if (outcome.end == End::Cancelled)
          findings.fail(fmt::format("{} threw Cancelled, which nobody asked for", who(node)));
        if (outcome.end == End::ThrewStrange) findings.fail(fmt::format("{} threw {}", who(node), outcome.error));
        if (outcome.end == End::Threw)
          findings.warn(fmt::format("{} refuses its defaults and example inputs: {}", who(node), outcome.error));
        if (outcome.progress_runs_wild)
          findings.warn(fmt::format("{}: progress falls, or leaves 0 to total", who(node)));
        if (outcome.end != End::Returned) return;
        for (std::size_t i = 0; i < node.outputs.size(); ++i) {
          const Value& value = outcome.outputs[i];
          const PortInfo& port = node.outputs[i];
          if (!value)
            findings.fail(fmt::format("{} was not set", who(node, port)));
          else if (port.type != "any" && value.type() != port.type)
            findings.fail(
                fmt::format("{} gave a \"{}\", declared is \"{}\"", who(node, port), value.type(), port.type));
        }
      },
      /*tell_why_not=*/true);
}

void deterministic(Subject& subject, Findings& findings) {
  for_each_node(subject, findings, [&](const NodeInfo& node, const Node& code, const NodeInputs& inputs) {
    if (node.options.cache == Cache::Never) return findings.skip(fmt::format("{} is never cached", who(node)));
    if (summary(subject, call_node(code, inputs)) != summary(subject, call_node(code, inputs)))
      findings.fail(
          fmt::format("{} gives another result the second time: make it a function of its inputs, or give it "
                      ".cache = Cache::Never",
              who(node)));
  });
}

void inputs_unchanged(Subject& subject, Findings& findings) {
  for_each_node(subject, findings, [&](const NodeInfo& node, const Node& code, const NodeInputs& inputs) {
    const auto all = [&] {
      json summaries;
      for (const auto& values : inputs) {
        for (const Value& value : values) summaries.push_back(subject.values.summary(value));
      }
      return summaries;
    };
    const json before = all();
    call_node(code, inputs);
    if (all() != before)
      findings.fail(fmt::format("{} writes into its inputs, which other nodes share: copy first", who(node)));
  });
}

void cancel(Subject& subject, Findings& findings) {
  for_each_node(subject, findings, [&](const NodeInfo& node, const Node& code, const NodeInputs& inputs) {
    const NodeOutcome outcome = call_node(code, inputs, /*cancel=*/true);
    if (outcome.progress_calls > 0 && outcome.end != End::Cancelled)
      findings.fail(fmt::format("{} goes on after a cancel: let what progress() throws pass", who(node)));
    if (outcome.progress_calls == 0 && outcome.time > kLongest)
      findings.warn(fmt::format("{} computed for {:.1f} s without calling progress(), so that it cannot be stopped",
          who(node), outcome.time.count()));
  });
}

void threads(Subject& subject, Findings& findings) {
  for_each_node(subject, findings, [&](const NodeInfo& node, const Node& code, const NodeInputs& inputs) {
    std::vector<NodeOutcome> outcomes(kThreads);
    {
      std::vector<std::jthread> callers;
      for (NodeOutcome& outcome : outcomes) callers.emplace_back([&] { outcome = call_node(code, inputs); });
    }
    if (node.options.cache == Cache::Never) return;  // its results may differ; it did not crash
    const json alone = summary(subject, call_node(code, inputs));
    const auto other = [&](const NodeOutcome& outcome) { return summary(subject, outcome) != alone; };
    if (std::ranges::any_of(outcomes, other))
      findings.fail(fmt::format("{} gives other results when {} threads call it at once: a node owns no changing state",
          who(node), kThreads));
  });
}

void value_bytes(Subject& subject, Findings& findings) {
  const Registry& registry = subject.plugin.registry;
  for (const ValueType* type : registry.types()) {
    if (static_cast<bool>(type->encode) != static_cast<bool>(type->decode))
      findings.fail(fmt::format("value type \"{}\" has one of encode and decode: give both or neither", type->id));
    if (!type->encode || !type->decode || !type->example) continue;
    findings.tried();
    announce(fmt::format("value type \"{}\"", type->id));
    const Value value = type->example();
    const std::string bytes = to_bytes(registry, value).value();
    if (subject.values.summary(from_bytes(registry, bytes)) != subject.values.summary(value))
      findings.fail(
          fmt::format("value type \"{}\": what decode() makes of encode()'s bytes is another value", type->id));
    const std::string torn = bytes.substr(0, bytes.size() / 2);
    try {
      from_bytes(registry, torn);
      findings.warn(fmt::format("value type \"{}\": decode() takes half of the bytes for a value", type->id));
    } catch (const NodeError&) {  // as it should be
    }
  }
}

/// Says so, and puts it back.
void require_same_locale(const ProcessLocale& before, const std::string& what, Findings& findings) {
  const ProcessLocale now;
  if (now == before) return;
  findings.fail(
      fmt::format("{} changes the locale of the process (from {} to {}), so that others read \"0,5\" where "
                  "\"0.5\" stands: leave setlocale() and std::locale::global() alone, or give a thread of "
                  "its own uselocale()",
          what, before.c, now.c));
  std::locale::global(std::locale::classic());
  std::setlocale(LC_ALL, before.c.c_str());
  uselocale(before.of_thread);
}

void locale(Subject& subject, Findings& findings) {
  require_same_locale(subject.locale_before, "opening the plugin", findings);
  for_each_node(subject, findings, [&](const NodeInfo& node, const Node& code, const NodeInputs& inputs) {
    call_node(code, inputs);
    require_same_locale(subject.locale_before, who(node), findings);
  });
}

/// Tries the node with one value in the place of another. It may refuse, in words.
void try_value(const NodeInfo& node, const Node& code, NodeInputs inputs, std::size_t port, std::vector<Value> values,
    const std::string& what, Findings& findings) {
  const std::string where = fmt::format("{}, {}", who(node, node.inputs[port]), what);
  announce(where);
  inputs[port] = std::move(values);
  // Cancelled at the first progress(): the largest value of a range may mean hours of honest work.
  const NodeOutcome outcome = call_node(code, inputs, /*cancel=*/true);
  if (outcome.end == End::ThrewStrange || (outcome.end == End::Threw && outcome.error.empty()))
    findings.fail(fmt::format("{}: threw without saying why: throw weft::NodeError(\"what\", \"remedy\")", where));
}

void limits(Subject& subject, Findings& findings) {
  for_each_node(subject, findings, [&](const NodeInfo& node, const Node& code, const NodeInputs& inputs) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const PortInfo& port = node.inputs[i];
      const bool number = port.type == "int" || port.type == "float";
      if (port.kind != PortKind::Param || !number || port.widget == Widget::Seed) continue;
      if (!port.min || !port.max) findings.warn(fmt::format("{} has no range: give .min and .max", who(node, port)));
      for (const auto& limit : {port.min, port.max}) {
        if (!limit) continue;
        const json literal = port.type == "int" ? json(static_cast<std::int64_t>(*limit)) : json(*limit);
        try_value(
            node, code, inputs, i, {literal_value(port, literal)}, fmt::format("value {}", literal.dump()), findings);
      }
    }
  });
}

void strange_inputs(Subject& subject, Findings& findings) {
  const std::vector<std::pair<const char*, std::string>> texts = {{"no text", ""},
      {"a long text", std::string(1 << 16, 'x')}, {"text that is no UTF-8", "\xff\xfe\xc0"},
      {"a path out of the folder", "../../../../no/such/file"}, {"text with a zero byte", std::string("a\0b", 3)},
      {"text like a format", "%s%n{0}{}\n"}};
  for_each_node(subject, findings, [&](const NodeInfo& node, const Node& code, const NodeInputs& inputs) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const PortInfo& port = node.inputs[i];
      if (port.optional) try_value(node, code, inputs, i, {}, "not linked", findings);
      if (port.type != "string" || !port.choices.empty()) continue;
      for (const auto& [what, text] : texts) try_value(node, code, inputs, i, {Value::of(text)}, what, findings);
    }
  });
}

struct Test {
  const char* name;
  const char* question;
  void (*run)(Subject&, Findings&);
};

constexpr Test kTests[] = {
    {"opens", "Does it open, built for this Weft, and register?", [](Subject&, Findings&) {}},
    {"manifest", "Does the manifest say what the library says?", manifest},
    {"loads_twice", "Does it register the same a second time?", loads_twice},
    {"names", "Are its id and version well formed?", names},
    {"documented", "Has everything a title, a doc, a tip?", documented},
    {"runs", "Does each node run with its defaults, and set every output?", runs},
    {"deterministic", "Do the same inputs give the same result?", deterministic},
    {"inputs_unchanged", "Are the inputs as they were?", inputs_unchanged},
    {"cancel", "Does a cancel end each node?", cancel},
    {"locale", "Is the locale of the process left alone?", locale},
    {"threads", "Do several threads at once get the same result?", threads},
    {"limits", "Do the ends of each param's range work, or are they refused in words?", limits},
    {"value_bytes", "Do values come back from their bytes as they were?", value_bytes},
    {"strange_inputs", "Are odd texts and missing inputs survived?", strange_inputs},
};

}  // namespace

std::vector<CheckTest> check_tests() {
  std::vector<CheckTest> tests;
  for (const Test& test : kTests) tests.push_back({test.name, test.question});
  return tests;
}

int check_one(const std::filesystem::path& library, const std::string& test) {
  const auto* found = std::ranges::find(kTests, test, &Test::name);
  if (found == std::end(kTests)) {
    fmt::print(stderr, "there is no test '{}'\n", test);
    return 2;
  }
  setenv("LC_ALL", "C.UTF-8", 1);  // what the user's locale is: another one than a program begins with
  Findings findings;
  try {
    announce("opening the plugin");
    Subject subject(library);
    announce("the plugin");
    found->run(subject, findings);
  } catch (const std::exception& error) {
    findings.fail(error.what());
  }
  std::printf("\n%s%s\n", check_protocol::kResult,
      findings.result().dump(-1, ' ', false, json::error_handler_t::replace).c_str());
  std::fflush(stdout);
  return 0;
}

}  // namespace weft
