// Functions of one float32 number as PyTorch computes them for tensors. The C library's differ in the last
// bit now and then; over many steps, and divided by small differences of lambda, that bit becomes a visible
// digit. With these, samplers and schedules equal implementations in PyTorch bit by bit.
#pragma once

namespace weft::sd::scalar {

float exp(float x);
float expm1(float x);
float log(float x);
float pow(float x, double exponent);
float tan(float x);

}  // namespace weft::sd::scalar
