#include "nodes/sd/sampling/denoiser.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "nodes/sd/tensors/resize.h"

namespace weft::sd {
namespace {

at::Tensor crop(const at::Tensor& tensor, const std::optional<LatentArea>& area) {
  if (!area || !tensor.defined()) return tensor;
  return tensor.narrow(-2, area->y, area->height).narrow(-1, area->x, area->width);
}

/// A share of the picture in latents: at least one latent, rounded half to even.
LatentArea in_latents(const FractionArea& area, std::int64_t height, std::int64_t width) {
  const auto part = [](double share, std::int64_t whole) { return std::lrint(share * static_cast<double>(whole)); };
  return {std::max<std::int64_t>(1, part(area.height, height)), std::max<std::int64_t>(1, part(area.width, width)),
      part(area.y, height), part(area.x, width)};
}

/// The rectangle of mask [B, h, w] that is not zero, at least 8x8.
LatentArea bounds(const at::Tensor& mask) {
  const at::Tensor painted = mask.ne(0).any(0).nonzero();  // [n, 2]: y, x
  if (painted.size(0) == 0) return {8, 8, 0, 0};
  const at::Tensor low = painted.amin(0), high = painted.amax(0);
  const std::int64_t y = low[0].item<std::int64_t>(), x = low[1].item<std::int64_t>();
  return {std::max<std::int64_t>(8, high[0].item<std::int64_t>() - y + 1),
      std::max<std::int64_t>(8, high[1].item<std::int64_t>() - x + 1), y, x};
}

/// A rectangle in pixels, rounded down to latents.
LatentArea in_latents(const PixelArea& area, std::int64_t downscale) {
  return {area.height / downscale, area.width / downscale, area.y / downscale, area.x / downscale};
}

std::optional<LatentArea> resolve_area(
    const ConditioningEntry& entry, const at::Tensor& mask, const at::Tensor& latent, std::int64_t downscale) {
  const std::int64_t height = latent.size(2), width = latent.size(3);
  LatentArea area;
  if (mask.defined() && entry.area_from_mask) {
    area = bounds(mask);
  } else if (const auto* rectangle = std::get_if<PixelArea>(&entry.area)) {
    area = in_latents(*rectangle, downscale);
  } else if (const auto* share = std::get_if<FractionArea>(&entry.area)) {
    area = in_latents(*share, height, width);
  } else {
    return std::nullopt;
  }
  const LatentArea asked = area;
  area.height = std::min(area.height, height - area.y);
  area.width = std::min(area.width, width - area.x);
  if (area.height < 1 || area.width < 1 || area.y < 0 || area.x < 0) {
    throw std::invalid_argument(
        fmt::format("the conditioning's area (width {}, height {}, x {}, y {} pixels) has no part in the picture of "
                    "{}x{} pixels: move it inside, and make it at least {} pixels wide and high",
            asked.width * downscale, asked.height * downscale, asked.x * downscale, asked.y * downscale,
            width * downscale, height * downscale, downscale));
  }
  return area;
}

at::Tensor fit_mask(const at::Tensor& mask, const at::Tensor& latent) {
  if (mask.size(1) == latent.size(2) && mask.size(2) == latent.size(3)) return mask;
  return resize(mask.unsqueeze(1), latent.size(3), latent.size(2), Resize::Bilinear).squeeze(1);
}

/// Fades the inner edges of a rectangle's weight over up to 8 latents.
void feather(at::Tensor& weight, const LatentArea& area, const at::Tensor& latent) {
  const auto fade = [&](std::int64_t axis, std::int64_t begin, std::int64_t length) {
    const std::int64_t width = std::min<std::int64_t>(8, length / 4);
    for (std::int64_t t = 0; t < width; ++t) {
      const double factor = 1.0 / static_cast<double>(width) * static_cast<double>(t + 1);
      if (begin != 0) weight.narrow(axis, t, 1).mul_(factor);
      if (begin + length < latent.size(axis)) weight.narrow(axis, length - 1 - t, 1).mul_(factor);
    }
  };
  fade(2, area.y, area.height);
  fade(3, area.x, area.width);
}

/// A latent or mask brought to the sampled latent's size and batch.
at::Tensor fit(const at::Tensor& tensor, const at::Tensor& latent) {
  at::Tensor fitted = tensor.to(latent.options());
  if (fitted.size(2) != latent.size(2) || fitted.size(3) != latent.size(3)) {
    fitted = resize(fitted, latent.size(3), latent.size(2), Resize::Bilinear, Crop::Center);
  }
  return repeat_to_batch(fitted, latent.size(0));
}

/// Mask and masked latent of an inpainting model, [B, 1 + C, h, w]. Without a mask everything is painted,
/// over the latent of a grey picture.
at::Tensor inpaint_concat(const DiffusionModel& model, const ConditioningEntry& entry, const at::Tensor& latent,
    const at::Tensor& noise_mask) {
  const at::Tensor mask = entry.concat_mask.defined() ? entry.concat_mask : noise_mask;
  if (!mask.defined()) {
    const at::Tensor grey = at::tensor(at::ArrayRef<float>(model.space.grey), latent.options()).view({1, -1, 1, 1});
    return at::cat({at::ones_like(latent.narrow(1, 0, 1)), grey.expand_as(latent)}, 1);
  }
  const at::Tensor planes =
      mask.dim() == 4 ? mask.narrow(1, 0, 1) : mask.reshape({-1, 1, mask.size(-2), mask.size(-1)});
  const at::Tensor masked = entry.concat_latent.defined() ? model.space.to_network(entry.concat_latent) : latent;
  return at::cat({fit(planes, latent).round(), fit(masked, latent)}, 1);
}

/// What a model takes beyond the latent, in words.
std::string name_of_extra(std::int64_t channels) {
  if (channels == 5) return "an inpainting model: mask and masked picture";
  if (channels == 4) return "instruct-pix2pix: a picture to change";
  return fmt::format("a segmentation map of {} classes", channels);
}

/// Throws std::invalid_argument where the conditioning and the model do not belong together.
void check_concat(const DiffusionModel& model, const ConditioningEntry& entry, bool has_noise_mask) {
  const std::int64_t extra = model.in_channels - model.space.channels;
  const bool picture = entry.concat_latent.defined() || entry.concat_mask.defined();
  const bool map = entry.concat_map.defined();
  if (picture && extra != 4 && extra != 5) {
    throw std::invalid_argument(fmt::format(
        "the conditioning carries an inpainting mask, but the model takes {} channels and cannot see it: use an "
        "inpainting model (9 channels), or a noise mask on the latent",
        model.in_channels));
  }
  if (map && (picture || entry.concat_map.size(1) != extra)) {
    const std::int64_t classes = entry.concat_map.size(1);
    throw std::invalid_argument(fmt::format(
        "the conditioning carries a segmentation map of {} classes, but the model takes {} channels and cannot see it: use "
        "a model for such maps ({} channels), or leave the map out",
        classes, model.in_channels, model.space.channels + classes));
  }
  const bool has_mask = extra == 5 && has_noise_mask;  // then the picture is the latent itself
  if (extra > 0 && !picture && !map && !has_mask) {
    throw std::invalid_argument(fmt::format("the latent has {} channels, the model needs {} ({}): connect {}",
        model.space.channels, model.in_channels, name_of_extra(extra),
        extra == 5       ? "the picture and its mask through Inpaint Conditioning (conditioning.inpaint)"
            : extra == 4 ? "the picture to change"
                         : "a segmentation map through Segmentation Map Conditioning (conditioning.segmentation_map)"));
  }
}

/// The channels that the network takes beyond the latent, or undefined.
at::Tensor make_concat(const DiffusionModel& model, const ConditioningEntry& entry, const at::Tensor& latent,
    const DenoiserOptions& options) {
  if (options.strict_concat) check_concat(model, entry, options.noise_mask.defined());
  const std::int64_t extra = model.in_channels - model.space.channels;
  if (extra == 0) return {};
  if (entry.concat_map.defined() && entry.concat_map.size(1) == extra) return fit(entry.concat_map, latent);
  if (extra == 5) return inpaint_concat(model, entry, latent, options.noise_mask);
  if (extra == 4 && entry.concat_latent.defined()) return fit(entry.concat_latent, latent);
  return at::zeros_like(latent.narrow(1, 0, 1)).expand({-1, extra, -1, -1});
}

at::Tensor to_device_of(const at::Tensor& tensor, const at::Device& device) {
  return tensor.defined() ? tensor.to(device) : tensor;
}

bool covers(const LatentArea& outer, const LatentArea& inner) {
  return inner.y >= outer.y && inner.x >= outer.x && outer.y + outer.height >= inner.y + inner.height &&
      outer.x + outer.width >= inner.x + inner.width;
}

bool is_one(double cfg) { return std::abs(cfg - 1) <= 1e-9; }
struct SigmaRange {
  double start, end;
};

/// The noise levels, both included, at which an entry counts.
SigmaRange range_of(const NoiseTable& table, const ConditioningEntry& entry, const std::vector<float>& sigmas) {
  if (!entry.range_in_steps || sigmas.size() < 2)
    return {table.percent_to_sigma(entry.start_percent), table.percent_to_sigma(entry.end_percent)};
  const std::size_t steps = sigmas.size() - 1;
  const auto first_of = [&](double share) {
    const double step = std::ceil(share * static_cast<double>(steps) - 1e-6);
    return static_cast<std::size_t>(std::clamp(step, 0.0, static_cast<double>(steps)));
  };
  const std::size_t first = first_of(entry.start_percent), behind = first_of(entry.end_percent);
  constexpr double kAny = std::numeric_limits<double>::infinity();
  return {first == 0 ? kAny : sigmas[first], behind == steps ? 0 : std::nextafter(double{sigmas[behind]}, kAny)};
}

/// Token counts can be made equal by repeating, at most 4 times: repeated tokens do not change attention.
bool tokens_agree(std::int64_t a, std::int64_t b) { return std::lcm(a, b) / std::min(a, b) <= 4; }

}  // namespace

at::Tensor predict_x0(
    const DiffusionModel& model, NetworkCall call, float sigma, const std::vector<ChangeCall>& steer) {
  const at::Tensor x = call.x;
  call.x = model.network_input(x, sigma);
  const auto timestep = static_cast<double>(model.table.timestep(sigma));
  call.timesteps = at::full({x.size(0)}, timestep, x.options().dtype(at::kFloat));
  call.sigma = sigma;
  for (const ChangeCall& change : steer) change(call);
  return model.x0(patched_network(call, model.network).to(at::kFloat), x, sigma);
}

GuidedDenoiser::GuidedDenoiser(const DiffusionModel& model, const ConditioningEntries& positive,
    const ConditioningEntries& negative, const at::Tensor& latent, const DenoiserOptions& options)
    : model_(model),
      patches_(begun(model.patches)),
      within_(call_patches(patches_)),
      cfg_(options.cfg),
      dual_(options.dual) {
  if (latent.size(1) != model.space.channels) {
    throw std::invalid_argument(
        fmt::format("the latent has {} channels, the model's latents have {}: "
                    "use the empty latent or VAE that belongs to this model",
            latent.size(1), model.space.channels));
  }
  positive_ = prepare(positive, latent, options, /*negative=*/false);
  if (dual_) middle_ = prepare(dual_->middle, latent, options, /*negative=*/true);
  negative_ = prepare(negative, latent, options, /*negative=*/true);
  for (const auto& patch : patches_)
    further_.push_back(patch->side ? prepare(*patch->side, latent, options, /*negative=*/true) : Side());
  for (Side* side : sides())
    if (side != &positive_) share_with(*side);
  open_controls(options);
  for (const Side* side : {&positive_, &middle_, &negative_})
    for (Side* other : sides())
      if (other != side) match_areas(*other, *side);
  for (Side* side : sides()) weigh(*side, latent);
}

std::vector<GuidedDenoiser::Side*> GuidedDenoiser::sides() {
  std::vector<Side*> all{&positive_, &negative_};
  if (dual_) all.insert(all.begin() + 1, &middle_);
  for (Side& side : further_)
    if (!side.empty()) all.push_back(&side);
  return all;
}

GuidedDenoiser::Side GuidedDenoiser::prepare(const ConditioningEntries& conditioning, const at::Tensor& latent,
    const DenoiserOptions& options, bool negative) const {
  const std::int64_t pixels = model_.space.downscale;
  Side side;
  for (const ConditioningEntry& given : conditioning) {
    Entry entry;
    entry.context = given.context.to(model_.device);
    const VectorRequest told{latent.size(2) * pixels, latent.size(3) * pixels, negative, options.seed};
    entry.vector = to_device_of(vector_for(model_.vector, given, told), model_.device);
    entry.concat = make_concat(model_, given, latent, options);
    if (given.mask.defined()) entry.mask = fit_mask(given.mask.to(latent.options()), latent);
    entry.area = resolve_area(given, entry.mask, latent, pixels);
    if (entry.mask.defined()) entry.mask = entry.mask * given.mask_strength;
    entry.controls = given.controls;
    entry.patches = call_patches(given.patches);
    entry.strength = given.strength;
    entry.composed = given.composed;
    const SigmaRange range = range_of(model_.table, given, options.sigmas);
    entry.sigma_start = range.start;
    entry.sigma_end = range.end;
    side.push_back(std::move(entry));
  }
  return side;
}

/// For each rectangle of `other` gives `side` the same rectangle, with the words of the smallest of its
/// entries that covers it, so that guidance compares like with like.
void GuidedDenoiser::match_areas(Side& side, const Side& other) {
  const auto size = [](const Entry& entry) {
    return entry.area ? entry.area->height * entry.area->width : std::numeric_limits<std::int64_t>::max();
  };
  for (const Entry& entry : other) {
    if (!entry.area) continue;
    const Entry* smallest = nullptr;
    for (const Entry& candidate : side) {
      const bool fits = !candidate.area || covers(*candidate.area, *entry.area);
      if (fits && (smallest == nullptr || size(candidate) < size(*smallest))) smallest = &candidate;
    }
    if (smallest == nullptr || smallest->area == entry.area) continue;
    Entry match = entry;
    match.context = smallest->context;
    match.vector = smallest->vector;
    match.composed = smallest->composed;
    match.controls = smallest->controls;
    match.patches = smallest->patches;
    match.concat = smallest->concat;
    side.push_back(std::move(match));
  }
}

namespace {

/// Where no entry of `other` has any, those of the positive side's that `meant` lets through are its, too. Entries with an
/// area have their own.
template <class Side, class Member, class Meant>
void share(const Side& positive, Side& other, Member member, Meant meant) {
  if (std::ranges::any_of(other, [&](const auto& entry) { return !entry.area && !(entry.*member).empty(); })) return;
  std::vector<typename Side::value_type*> others;
  for (auto& entry : other)
    if (!entry.area) others.push_back(&entry);
  std::size_t next = 0;
  for (const auto& entry : positive)
    if (!entry.area && std::ranges::any_of(entry.*member, meant) && !others.empty())
      others[next++ % others.size()]->*member = entry.*member;
}

}  // namespace

void GuidedDenoiser::share_with(Side& other) const {
  share(positive_, other, &Entry::controls, [](const auto& control) { return control->also_negative; });
  share(positive_, other, &Entry::patches, [](const auto&) { return true; });
}

void GuidedDenoiser::open_controls(const DenoiserOptions& options) {
  for (const Side* side : sides())
    for (const Entry& entry : *side)
      for (const auto& control : entry.controls) {
        const ControlSource& source = *control->source;
        if (opened_.contains(&source)) continue;
        if (!options.open_control)
          throw std::invalid_argument("the conditioning has a ControlNet, which cannot be used here");
        opened_.emplace(&source, options.open_control(source));
      }
}

/// What the controls that count at this moment add to a call.
std::vector<ChangeCall> GuidedDenoiser::steering(const Controls& controls, float sigma) const {
  std::vector<ChangeCall> steer;
  for (const auto& control : controls) {
    const double start = model_.table.percent_to_sigma(control->start_percent);
    const double end = model_.table.percent_to_sigma(control->end_percent);
    if (control->strength == 0 || sigma > start || sigma < end) continue;
    steer.emplace_back([&, control](NetworkCall& call) {
      const at::Tensor hint = repeat_to_batch(control->hint, call.x.size(0));
      add_residuals(call.control, opened_.at(control->source.get())(call, hint), control->strength);
    });
  }
  return steer;
}

void GuidedDenoiser::weigh(Side& side, const at::Tensor& latent) const {
  for (Entry& entry : side) {
    if (!entry.mask.defined() && !entry.area && entry.strength == 1) continue;
    if (entry.mask.defined()) {
      const std::int64_t count = entry.mask.size(0) == 1 ? 1 : latent.size(0);
      entry.weight = crop(repeat_to_batch(entry.mask, count), entry.area).unsqueeze(1) * entry.strength;
    } else {
      entry.weight = at::full_like(
          crop(latent, entry.area).narrow(0, 0, 1).narrow(1, 0, 1), entry.strength, at::MemoryFormat::Contiguous);
      if (entry.area) feather(entry.weight, *entry.area, latent);
    }
  }
}

std::vector<at::Tensor> GuidedDenoiser::evaluate(
    std::vector<const Side*> sides, const at::Tensor& x, float sigma, const ChangeCall& change) const {
  const auto number_of = [&](const Side* side) -> std::int64_t {
    return side == &positive_ ? 0 : side == &negative_ ? 1 : 2 + (side - further_.data());
  };
  struct Job {
    std::size_t side;
    const Entry* entry;
    at::Tensor x0;
  };
  std::vector<Job> jobs;
  for (std::size_t side = 0; side < sides.size(); ++side) {
    for (const Entry& entry : *sides[side]) {
      if (sigma <= entry.sigma_start && sigma >= entry.sigma_end) jobs.push_back({side, &entry, {}});
    }
  }

  const std::int64_t batch = x.size(0);
  for (std::size_t first = 0; first < jobs.size(); ++first) {
    if (jobs[first].x0.defined()) continue;
    const at::Tensor window = crop(x, jobs[first].entry->area);
    std::vector<Job*> together;
    std::int64_t tokens = 1;
    for (Job& job : std::span(jobs).subspan(first)) {
      const at::Tensor& context = job.entry->context;
      if (job.x0.defined() || crop(x, job.entry->area).sizes() != window.sizes()) continue;
      if (context.size(2) != jobs[first].entry->context.size(2)) continue;
      if (job.entry->controls != jobs[first].entry->controls) continue;
      if (job.entry->patches != jobs[first].entry->patches) continue;
      if (!tokens_agree(context.size(1), jobs[first].entry->context.size(1))) continue;
      together.push_back(&job);
      tokens = std::lcm(tokens, context.size(1));
    }
    NetworkCall call;  // filled member by member: g++ 12 sees a list of them as uninitialised where one throws
    std::vector<at::Tensor> xs, contexts, vectors, concats;
    for (const Job* job : together) {
      const Entry& entry = *job->entry;
      call.sides.push_back(number_of(sides[job->side]));
      xs.push_back(crop(x, entry.area));
      contexts.push_back(repeat_to_batch(entry.context, batch).repeat({1, tokens / entry.context.size(1), 1}));
      if (entry.vector.defined()) vectors.push_back(repeat_to_batch(entry.vector, batch));
      if (entry.concat.defined()) concats.push_back(crop(entry.concat, entry.area));
    }
    call.x = at::cat(xs);
    call.context = at::cat(contexts);
    call.patches = within_;
    const Patches& own = jobs[first].entry->patches;
    call.patches.insert(call.patches.end(), own.begin(), own.end());
    if (!vectors.empty()) call.vector = at::cat(vectors);
    if (!concats.empty()) call.concat = at::cat(concats);
    if (model_.takes_guidance) call.guidance = at::full({call.x.size(0)}, model_.cfg_at(sigma, cfg_) - 1, x.options());
    if (change) change(call);
    const at::Tensor all = predict_x0(model_, std::move(call), sigma, steering(jobs[first].entry->controls, sigma));
    for (std::size_t i = 0; i < together.size(); ++i) together[i]->x0 = all.narrow(0, i * batch, batch);
  }

  const auto average = [&](const std::vector<const Job*>& own) {
    if (own.size() == 1 && !own[0]->entry->weight.defined()) return own[0]->x0;
    at::Tensor sum = at::zeros_like(x), weights = at::full_like(x, 1e-37);
    for (const Job* job : own) {
      const std::optional<LatentArea>& area = job->entry->area;
      const at::Tensor weight = job->entry->weight.defined() ? job->entry->weight : at::ones({1}, x.options());
      crop(sum, area).add_(job->x0 * weight);
      crop(weights, area).add_(weight);
    }
    return sum / weights;
  };
  std::vector<at::Tensor> results(sides.size());
  const auto negative = [&] {
    const auto asked = static_cast<std::size_t>(std::ranges::find(sides, &negative_) - sides.begin());
    return asked < sides.size() ? results[asked] : evaluate({&negative_}, x, sigma, change)[0];
  };
  for (std::size_t side = sides.size(); side-- > 0;) {  // the positive one last: it may need the other
    std::map<std::int64_t, std::vector<const Job*>> prompts;
    double sum = 0;
    for (const Job& job : jobs) {
      if (job.side != side) continue;
      std::vector<const Job*>& own = prompts[job.entry->composed.prompt];
      if (own.empty()) sum += job.entry->composed.weight;
      own.push_back(&job);
    }
    if (prompts.empty()) prompts[0];
    const bool is_positive = sides[side] == &positive_;
    for (const auto& [number, own] : prompts) {
      const at::Tensor x0 = average(own);
      const double weight = own.empty() ? 1 : own[0]->entry->composed.weight;
      const bool alone = prompts.size() == 1 && (weight == 1 || !is_positive);
      const at::Tensor part = alone ? x0 : x0 * (is_positive || sum == 0 ? weight : weight / sum);
      results[side] = results[side].defined() ? results[side] + part : part;
    }
    if (is_positive && std::abs(sum - 1) > 1e-9 && !prompts.begin()->second.empty())
      results[side] = results[side] + negative() * (1 - sum);
  }
  return results;
}

bool GuidedDenoiser::patches_need_negative() const {
  return std::ranges::any_of(patches_, [](const auto& patch) { return patch->needs_negative; });
}

at::Tensor GuidedDenoiser::x0(const at::Tensor& x, float sigma) const {
  std::function<at::Tensor()> ask = [&] { return guided(x, sigma, /*whole=*/false).x0; };
  for (const auto& patch : patches_)
    if (patch->step) ask = [&, patch, next = std::move(ask)] { return patch->step(x, sigma, next); };
  return ask();
}

Guided GuidedDenoiser::both(const at::Tensor& x, float sigma) const { return guided(x, sigma, /*whole=*/true); }

Guided GuidedDenoiser::guided(const at::Tensor& x, float sigma, bool whole) const {
  if (dual_) return dual_guided(x, sigma, whole);
  const double cfg = model_.takes_guidance ? 1 : model_.cfg_at(sigma, cfg_);
  const bool with_negative = whole || !is_one(cfg) || patches_need_negative();
  std::vector<const Side*> asked{&positive_};
  if (with_negative) asked.push_back(&negative_);
  const std::size_t own = asked.size();
  for (const Side& side : further_)
    if (!side.empty()) asked.push_back(&side);
  const std::vector<at::Tensor> x0s = evaluate(asked, x, sigma);
  const at::Tensor negative = with_negative ? x0s[1] : at::Tensor();
  return combined(x, sigma, {positive_, negative_, x0s[0], negative, further_of(x0s, own), cfg});
}

Guided GuidedDenoiser::dual_guided(const at::Tensor& x, float sigma, bool whole) const {
  const bool needed = whole || dual_->nested || patches_need_negative();
  const bool with_negative = needed || !is_one(dual_->cfg), with_middle = with_negative || !is_one(cfg_);
  std::vector<const Side*> asked{&positive_};
  if (with_middle) asked.push_back(&middle_);
  if (with_negative) asked.push_back(&negative_);
  const std::size_t own = asked.size();
  for (const Side& side : further_)
    if (!side.empty()) asked.push_back(&side);
  const std::vector<at::Tensor> x0s = evaluate(asked, x, sigma), further = further_of(x0s, own);
  const at::Tensor& positive = x0s[0];
  if (!with_middle) return combined(x, sigma, {positive_, negative_, positive, at::Tensor(), further, 1});
  const at::Tensor middle = x0s[1], negative = with_negative ? x0s[2] : at::Tensor();
  if (dual_->nested) {
    const Guided text = combined(x, sigma, {positive_, middle_, positive, middle, further, cfg_});
    return {negative + (text.x0 - negative) * dual_->cfg, text.x0_negative};
  }
  const Guided led = combined(x, sigma, {middle_, negative_, middle, negative, further, dual_->cfg});
  return {led.x0 + (positive - middle) * cfg_, led.x0_negative};
}

std::vector<at::Tensor> GuidedDenoiser::further_of(const std::vector<at::Tensor>& x0s, std::size_t first) const {
  std::vector<at::Tensor> further;
  for (const Side& side : further_) further.push_back(side.empty() ? at::Tensor() : x0s[first++]);
  return further;
}

/// Classifier-free guidance, and what the patches around it make of it, each of what those before made.
Guided GuidedDenoiser::combined(const at::Tensor& x, float sigma, const Pair& pair) const {
  GuidanceCall call{.x = x,
      .sigma = sigma,
      .timestep = static_cast<double>(model_.table.timestep(sigma)),
      .cfg = pair.cfg,
      .positive = pair.positive,
      .negative = pair.negative,
      .further = at::Tensor(),
      .guided = at::Tensor(),
      .ask = [&](GuidanceSide side, const at::Tensor& of, const ChangeCall& change) {
        const Side& asked = side == GuidanceSide::Positive ? pair.positive_side : pair.negative_side;
        return evaluate({&asked}, of, sigma, change)[0];
      }};
  const auto each = [&](auto member, auto&& then) {
    for (std::size_t i = 0; i < patches_.size(); ++i) {
      call.further = pair.further[i];
      if ((*patches_[i]).*member) then((*patches_[i]).*member);
    }
  };
  each(&Patch::sides, [&](const auto& change) { change(call); });
  if (call.negative.defined()) {
    at::Tensor combined;
    each(&Patch::combine, [&](const auto& combine) { combined = combine(call); });
    call.guided = combined.defined() ? combined : call.negative + (call.positive - call.negative) * pair.cfg;
  } else {
    call.guided = call.positive;
  }
  each(&Patch::guidance, [&](const auto& guide) { call.guided = guide(call); });
  return {call.guided, call.negative};
}

at::Tensor fit_noise_mask(const at::Tensor& mask, const at::Tensor& latent) {
  const at::Tensor planes = mask.reshape({-1, 1, mask.size(-2), mask.size(-1)}).to(latent.options());
  const at::Tensor fitted = resize(planes, latent.size(3), latent.size(2), Resize::Bilinear);
  return repeat_to_batch(fitted, latent.size(0)).expand_as(latent);
}

}  // namespace weft::sd
