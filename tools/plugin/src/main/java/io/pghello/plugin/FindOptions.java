// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.internal.Json;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Options of {@link PostgresConnection#find(String, java.util.Map, FindOptions)}: columns, order,
 * and number of rows. Immutable.
 *
 * @param fields the columns to return; empty for all
 * @param orderBy the columns to sort by, most significant first
 * @param limit the maximum number of rows, 0 to 1,000,000; null for the limit set by the
 *     permissions
 * @param offset the number of rows to skip, at least 0
 */
public record FindOptions(
    List<String> fields, List<Order> orderBy, @Nullable Long limit, long offset) {
  /**
   * A column to sort by.
   *
   * @param desc whether to sort in descending order
   */
  public record Order(String column, boolean desc) {}

  /** Copies the lists. */
  public FindOptions {
    fields = List.copyOf(fields);
    orderBy = List.copyOf(orderBy);
  }

  /** Returns the defaults: all columns of all rows that the permissions allow, in any order. */
  public static FindOptions all() {
    return new FindOptions(List.of(), List.of(), null, 0);
  }

  /** Returns a copy that selects only these columns. */
  public FindOptions fields(String... fields) {
    return new FindOptions(List.of(fields), orderBy, limit, offset);
  }

  /** Returns a copy that also sorts by this column in ascending order. */
  public FindOptions orderBy(String column) {
    return orderBy(new Order(column, false));
  }

  /** Returns a copy that also sorts by this column in descending order. */
  public FindOptions orderByDesc(String column) {
    return orderBy(new Order(column, true));
  }

  private FindOptions orderBy(Order order) {
    var all = new ArrayList<>(orderBy);
    all.add(order);
    return new FindOptions(fields, all, limit, offset);
  }

  /** Returns a copy with a different limit. */
  public FindOptions limit(long limit) {
    return new FindOptions(fields, orderBy, limit, offset);
  }

  /** Returns a copy with a different offset. */
  public FindOptions offset(long offset) {
    return new FindOptions(fields, orderBy, limit, offset);
  }

  /** Adds these options to the parameters of {@code find}. */
  void addTo(ObjectNode parameters) {
    if (!fields.isEmpty()) {
      parameters.set("fields", Json.of(fields));
    }
    ArrayNode columns = parameters.putArray("orderBy");
    orderBy.forEach(
        order -> columns.addObject().put("column", order.column()).put("desc", order.desc()));
    if (limit != null) {
      parameters.put("limit", limit);
    }
    parameters.put("offset", offset);
  }
}
