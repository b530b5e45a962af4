// SPDX-License-Identifier: MIT
package io.pghello.examples.service.greeting;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A request for the greetings of many names, which nobody may have checked yet. */
public interface ManyNames {
  /** Returns the names; null if the request has none. */
  @Nullable List<String> names();
}
