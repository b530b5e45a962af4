// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Converts records to names and values, for JSON and tables. */
final class Records {
  private Records() {}

  /** Returns the values of a record by their names in JSON and tables, e.g. mean_us. */
  static Map<String, @Nullable Object> map(Record record) {
    var map = new LinkedHashMap<String, @Nullable Object>();
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      try {
        Method accessor = component.getAccessor();
        // The record may be a private class of a command.
        accessor.setAccessible(true);
        map.put(name(component), accessor.invoke(record));
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
    return map;
  }

  /** Returns the names of a record's components in JSON and tables. */
  static List<String> names(Class<? extends Record> type) {
    return List.of(type.getRecordComponents()).stream().map(Records::name).toList();
  }

  private static String name(RecordComponent component) {
    return component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }
}
