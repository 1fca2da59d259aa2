#pragma once

#include <Arduino_BMI270_BMM150.h>
