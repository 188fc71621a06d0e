#include "graph/events.h"

#include <string_view>

namespace weft {
namespace {

using Json = nlohmann::json;

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

Json named(std::string_view name) { return {{"event", name}}; }

Json fields(const RunStarted& e) { return {{"event", "run_started"}, {"nodes", e.nodes}}; }
Json fields(const NodeQueued&) { return named("node_queued"); }
Json fields(const NodeCached&) { return named("node_cached"); }
Json fields(const NodeStarted& e) { return {{"event", "node_started"}, {"device", e.device.name()}, {"why", e.why}}; }
Json fields(const NodeProgress& e) { return {{"event", "node_progress"}, {"done", e.done}, {"total", e.total}}; }
/// The pixels stay out: whoever wants them observes the event itself.
Json fields(const NodePreview& e) {
  return {{"event", "node_preview"}, {"width", e.picture.width}, {"height", e.picture.height}};
}
Json fields(const NodeWarning& e) { return {{"event", "node_warning"}, {"text", e.text}}; }
Json fields(const NodeFinished& e) {
  return {{"event", "node_finished"}, {"seconds", seconds(e.time)}, {"bytes", e.bytes}};
}
Json fields(const NodeFailed& e) {
  Json json = named("node_failed");
  if (!e.problem.port.empty()) json["port"] = e.problem.port;
  json["what"] = e.problem.what;
  if (!e.problem.remedy.empty()) json["remedy"] = e.problem.remedy;
  return json;
}
Json fields(const NodeSkipped& e) {
  Json json{{"event", "node_skipped"}, {"because_of", e.because_of}};
  if (e.muted) json["muted"] = true;
  return json;
}
Json fields(const NodeCancelled&) { return named("node_cancelled"); }
Json fields(const RunFinished& e) {
  return {{"event", "run_finished"}, {"ran", e.ran}, {"cached", e.cached}, {"failed", e.failed}, {"skipped", e.skipped},
      {"cancelled", e.cancelled}, {"seconds", seconds(e.time)}};
}

}  // namespace

Json to_json(const Event& event) {
  Json json = std::visit([](const auto& kind) { return fields(kind); }, event.kind);
  if (!event.node.empty()) json["node"] = event.node;
  return json;
}

}  // namespace weft
