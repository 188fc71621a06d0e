#include "runs/job_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/atomic_file.h"
#include "base/foreign_json.h"

namespace weft::runs {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kOrder = "order.json";

std::string file_name(JobId job) { return fmt::format("job-{}.json", job); }

Json json_of(const Job& job) {
  Json json{{"title", job.title}, {"file", job.file.string()}, {"folder", job.folder.string()}, {"wanted", job.wanted},
      {"cells", job.cells}, {"seeds", Json::array()}, {"workflow", to_text(*job.workflow)}};
  for (const SeedUse& use : job.seeds)
    json["seeds"].push_back(
        {{"node", use.port.node}, {"port", use.port.port}, {"seed", use.seed}, {"mode", static_cast<int>(use.mode)}});
  return json;
}

SeedUse seed_use(const Json& json) {
  const auto mode = std::clamp(json.at("mode").get<int>(), 0, static_cast<int>(SeedMode::Increment));
  return {{json.at("node"), json.at("port")}, json.at("seed").get<std::uint64_t>(), static_cast<SeedMode>(mode)};
}

/// Throws where the file holds no job.
Job read_job(const fs::path& file) {
  const Json json = read_foreign_json_file(file);
  Job job;
  job.title = json.at("title");
  job.file = json.at("file").get<std::string>();
  job.folder = json.value("folder", job.file.empty() ? fs::current_path().string() : job.file.parent_path().string());
  job.wanted = json.at("wanted").get<std::vector<std::string>>();
  job.cells = json.value("cells", std::size_t{0});
  for (const Json& seed : json.at("seeds")) job.seeds.push_back(seed_use(seed));
  job.workflow = std::make_shared<const Workflow>(
      parse_workflow(json.at("workflow").get_ref<const std::string&>(), file.string()));
  return job;
}

/// The job files of a folder by their numbers.
std::map<JobId, fs::path> job_files(const fs::path& folder) {
  std::map<JobId, fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    JobId id = 0;
    if (std::sscanf(name.c_str(), "job-%lu.json", &id) == 1 && name == file_name(id)) files[id] = entry.path();
  }
  return files;
}

std::vector<JobId> read_order(const fs::path& folder) {
  const Json json = foreign_json_file_or_null(folder / kOrder);
  std::vector<JobId> order;
  for (const Json& id : json.is_array() ? json : Json::array())
    if (id.is_number_unsigned()) order.push_back(id.get<JobId>());
  return order;
}

}  // namespace

void write_job(const Job& job, const fs::path& folder) {
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  write_file_atomically(folder / file_name(job.id), json_of(job).dump());
}

void remove_job(JobId job, const fs::path& folder) {
  std::error_code ignored;
  fs::remove(folder / file_name(job), ignored);
}

void write_order(const std::vector<JobId>& jobs, const fs::path& folder) {
  write_file_atomically(folder / kOrder, Json(jobs).dump());
}

std::vector<Job> read_jobs(const fs::path& folder) {
  std::map<JobId, fs::path> files = job_files(folder);
  std::vector<JobId> order = read_order(folder);
  for (const auto& [id, file] : files)
    if (std::ranges::find(order, id) == order.end()) order.push_back(id);
  std::vector<Job> jobs;
  for (const JobId id : order) {
    if (!files.contains(id)) continue;
    try {
      jobs.push_back(read_job(files[id]));
    } catch (const std::exception&) {
      continue;  // torn by a crash, or of another version: the rest is still wanted
    }
  }
  return jobs;
}

void remove_jobs(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& [id, file] : job_files(folder)) fs::remove(file, ignored);
  fs::remove(folder / kOrder, ignored);
  fs::remove(folder, ignored);
}

}  // namespace weft::runs
