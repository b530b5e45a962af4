// SPDX-License-Identifier: MIT
/** A load test that shows the benefit of shared statements. Disabled by default. */
@NullMarked
package io.pghello.examples.service.load;

import org.jspecify.annotations.NullMarked;
