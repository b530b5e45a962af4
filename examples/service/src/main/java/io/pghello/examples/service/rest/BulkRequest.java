// SPDX-License-Identifier: MIT
package io.pghello.examples.service.rest;

import io.pghello.examples.service.greeting.GreetedName;
import io.pghello.examples.service.greeting.Greetings;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Names to greet.
 *
 * @param repeat how many times each; null for the configured count
 */
record BulkRequest(
    @NotNull @Size(max = Greetings.MAX_NAMES) List<@GreetedName String> names,
    @Min(1) @Max(10) @Nullable Integer repeat) {}
