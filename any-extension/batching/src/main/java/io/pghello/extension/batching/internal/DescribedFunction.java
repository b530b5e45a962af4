// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import static java.util.stream.Collectors.joining;

import io.pghello.extension.ExtensionFunction;
import io.pghello.extension.batching.ServerFunction;
import java.util.Objects;

/** A function that is called as the extension's description declares it. Compared by identity. */
public final class DescribedFunction implements ServerFunction {
  private final ExtensionFunction description;

  public DescribedFunction(ExtensionFunction description) {
    this.description = Objects.requireNonNull(description, "description");
  }

  @Override
  public ExtensionFunction description() {
    return description;
  }

  /** Adds casts, because otherwise another role's overload could be a better match. */
  @Override
  public String expressionIn(String schema) {
    return description.argumentTypes().stream()
        .map(
            type ->
                ExtensionFunction.isBuiltIn(type)
                    ? "?::pg_catalog." + ExtensionFunction.catalogName(type)
                    : "?")
        .collect(joining(", ", schema + "." + description.name() + "(", ")"));
  }
}
