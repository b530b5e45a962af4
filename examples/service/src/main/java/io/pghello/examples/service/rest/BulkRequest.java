// SPDX-License-Identifier: MIT
package io.pghello.examples.service.rest;

import io.pghello.examples.service.greeting.Greetings;
import io.pghello.examples.web.GreetedName;
import io.swagger.v3.oas.annotations.media.ArraySchema;
import io.swagger.v3.oas.annotations.media.Schema;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Names to greet.
 *
 * @param repeat the number of greetings per name; null for the configured count
 */
public record BulkRequest(
    @ArraySchema(schema = @Schema(minLength = 1, maxLength = GreetedName.MAX))
        @NotNull
        @Size(max = Greetings.MAX_NAMES)
        List<@GreetedName String> names,
    @Schema(description = REPEAT) @Min(1) @Max(10) @Nullable Integer repeat) {
  /** The description of a count. */
  static final String REPEAT = "Number of greetings per name. Default: the configured count.";
}
