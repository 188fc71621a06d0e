// image.plot_noise: a noise schedule as curves.
#include <array>
#include <cmath>

#include "nodes/image/nodes.h"
#include "nodes/image/plot.h"
#include "nodes/sd/sampling/forward_diffusion.h"
#include "nodes/sd/values/values.h"

namespace weft::image {
namespace {

constexpr std::int64_t kSteps = 1000;

std::vector<std::string> schedule_choices() {
  std::vector<std::string> names;
  for (const auto& schedule : sd::beta_schedules()) names.emplace_back(schedule.name);
  names.emplace_back("all");
  return names;
}

/// Powers of ten that include the values.
Axis logarithmic(const std::string& name, double least, double largest) {
  Axis axis{.name = name, .logarithmic = true};
  const double low = std::floor(std::log10(least)), high = std::max(std::ceil(std::log10(largest)), low + 1);
  for (double power = low; power <= high; ++power) axis.ticks.push_back(std::pow(10, power));
  axis.from = axis.ticks.front();
  axis.to = axis.ticks.back();
  return axis;
}

class PlotNoise final : public Node {
  Input<Sigmas> sigmas_{*this, "sigmas",
      {.tip = "a sampler's noise levels; if connected, they are drawn instead of a schedule", .optional = true}};
  Param<std::string> schedule_{*this, "schedule",
      {.init = "all", .choices = schedule_choices(), .tip = "how forward diffusion spreads its noise over 1000 steps"}};
  Param<std::string> quantity_{*this, "quantity",
      {.init = "alpha-bar",
          .choices = {"alpha-bar", "sigma"},
          .tip = "alpha-bar: the picture's share of the variance; sigma: noise against picture, as samplers count it"}};
  Param<std::int64_t> width_{*this, "width", {.init = 480, .min = 64, .max = 4096, .tip = "in pixels"}};
  Param<std::int64_t> height_{*this, "height", {.init = 320, .min = 64, .max = 4096, .tip = "in pixels"}};
  Output<Image> image_{*this, "image", {.tip = "noise over steps"}};

  void run(RunContext& ctx) const override {
    const Plot plot =
        ctx.has(sigmas_) ? of_sampler(ctx[sigmas_]) : of_schedules(ctx[schedule_], ctx[quantity_] == "sigma");
    ctx.set(image_, Image(draw_plot(plot, ctx[width_], ctx[height_]).unsqueeze(0)));
  }

  static Plot of_sampler(const Sigmas& sigmas) {
    if (sigmas.steps() < 1) throw NodeError("the schedule has no steps", "give it at least one");
    Plot plot{.title = "Noise levels of the sampler's steps"};
    Curve curve{.colour = "#1565c0", .dots = true};
    double least = sigmas.values.front(), largest = least;
    for (std::size_t i = 0; i < sigmas.values.size(); ++i) {
      if (sigmas.values[i] <= 0) continue;  // a logarithm has no place for the end
      curve.points.push_back({static_cast<double>(i), sigmas.values[i]});
      least = std::min<double>(least, sigmas.values[i]);
    }
    const double steps = static_cast<double>(sigmas.steps());
    plot.x = {.name = "step", .to = steps, .ticks = {0, std::floor(steps / 2), steps}};
    plot.y = logarithmic("sigma", least, largest);
    plot.curves.push_back(std::move(curve));
    return plot;
  }

  static Plot of_schedules(const std::string& wanted, bool as_sigma) {
    static constexpr std::array kColours{"#1565c0", "#c62828", "#2e7d32"};
    Plot plot{.title = as_sigma ? "Noise against picture" : "What is left of the picture"};
    plot.x = {.name = "timestep", .to = kSteps, .ticks = {0, 250, 500, 750, 1000}};
    plot.y = {.name = "alpha-bar", .ticks = {0, 0.25, 0.5, 0.75, 1}};
    if (as_sigma) plot.y = logarithmic("sigma", 0.01, 100);
    plot.names_above = !as_sigma;
    std::size_t colour = 0;
    for (const sd::BetaSchedule& schedule : sd::beta_schedules()) {
      const char* own = kColours[colour++ % kColours.size()];
      if (wanted != "all" && wanted != schedule.name) continue;
      Curve curve{.name = std::string(schedule.name), .colour = own};
      const std::vector<double> bars = sd::alpha_bars(schedule.betas(kSteps));
      for (std::size_t t = as_sigma ? 1 : 0; t < bars.size(); t += 5) {
        const double sigma = std::sqrt((1 - bars[t]) / bars[t]);
        curve.points.push_back({static_cast<double>(t), as_sigma ? std::min(sigma, 100.0) : bars[t]});
      }
      plot.curves.push_back(std::move(curve));
    }
    return plot;
  }
};

}  // namespace

void add_plot_noise(Registry& registry) {
  registry.add<PlotNoise>("image.plot_noise",
      {.title = "Plot Noise Schedule",
          .menu = "Image/Explain",
          .doc = "Draws how noise grows over the steps of forward diffusion, or falls over those of a sampler."});
}

}  // namespace weft::image
