// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows are as objects of Jackson's own are, whatever one does with them. */
class RowMapTest {
  private static final List<Consumer<ObjectNode>> CHANGES =
      List.of(
          row -> {},
          row -> row.put("c1", "other"),
          row -> row.put("more", 1),
          row -> row.replace("c0", Json.of(null)),
          row -> row.remove("c1"),
          row -> row.remove("none"),
          row -> row.remove(List.of("c0", "none")),
          row -> row.retain("c1", "none"),
          row -> row.removeAll(),
          row -> row.setAll(Json.object().put("c0", true).put("more", false)),
          row -> row.properties().forEach(member -> member.setValue(Json.of("set"))),
          row -> row.properties().removeIf(member -> !member.getKey().equals("c1")),
          row -> {
            row.remove("c0");
            row.put("c0", "last");
          },
          row -> {
            Iterator<Map.Entry<String, JsonNode>> members = row.properties().iterator();
            members.next();
            members.remove();
            members.next().setValue(Json.of("second"));
          },
          row -> row.withArray("list").add(1));

  private static ObjectNode row(int width) {
    String[] names = IntStream.range(0, width).mapToObj(i -> "c" + i).toArray(String[]::new);
    JsonNode[] values = IntStream.range(0, width).mapToObj(Json::of).toArray(JsonNode[]::new);
    return new ObjectNode(JsonNodeFactory.instance, RowMap.of(names, values));
  }

  private static ObjectNode usual(int width) {
    ObjectNode row = Json.object();
    IntStream.range(0, width).forEach(i -> row.put("c" + i, (long) i));
    return row;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 16, 17})
  void isAsAnyObject(int width) {
    for (Consumer<ObjectNode> change : CHANGES) {
      ObjectNode row = row(width);
      ObjectNode usual = usual(width);
      change.accept(row);
      change.accept(usual);
      assertThat(row).hasToString(usual.toString()).isEqualTo(usual).hasSameHashCodeAs(usual);
      assertThat(usual).isEqualTo(row);
      assertThat(row.deepCopy()).isEqualTo(usual);
      assertThat(row.size()).isEqualTo(usual.size());
      for (String name : List.of("c0", "c1", "c" + (width - 1), "more", "none")) {
        assertThat(row.has(name)).as(name).isEqualTo(usual.has(name));
        assertThat(row.get(name)).as(name).isEqualTo(usual.get(name));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 17})
  void endsAfterTheLast(int width) {
    Iterator<Map.Entry<String, JsonNode>> members = row(width).properties().iterator();
    for (int i = 0; i < width; i++) {
      assertThat(members.next().getKey()).isEqualTo("c" + i);
    }
    assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(members::next);
  }
}
