// Perp-Neg (Armandpour et al. 2023, arXiv:2304.04968), as a patch around guidance.
#pragma once

#include "nodes/sd/networks/patch.h"
#include "nodes/sd/sampling/conditioning.h"

namespace weft::sd {

/// Of what the negative side asks for, only the part that is perpendicular to the positive side is taken away, times
/// `neg_scale`. Both are measured from `empty`, an empty text, which the model is asked, too.
Patch perp_neg(const ConditioningEntries& empty, double neg_scale);

}  // namespace weft::sd
