// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finding of one check, with its remedy. */
public record Finding(Status status, String check, String text, @Nullable String remedy) {
  public static Finding ok(String check, String text) {
    return new Finding(Status.OK, check, text, null);
  }

  Map<String, @Nullable Object> toMap() {
    var map = new LinkedHashMap<String, @Nullable Object>();
    map.put("check", check);
    map.put("status", status.toString());
    map.put("text", text);
    map.put("remedy", remedy);
    return map;
  }
}
