// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Makes rows of their texts, within a bound of memory for all results of a call. For one thread.
 */
public final class RowReader {
  // what empty objects and arrays take is some forty times their text
  private static final long BYTES_MAX = 512L << 20;
  private static final int OBJECT_BYTES = 160;
  private static final int ARRAY_BYTES = 100;
  private static final int VALUE_BYTES = 40;

  private final Values values = new Values();
  private @Nullable JsonParser kept;
  private boolean first = true;
  private long left = BYTES_MAX;

  /**
   * Returns a row.
   *
   * @throws PostgresException if two columns have the same name, or the results take too much
   */
  public ObjectNode row(byte[] text) {
    return (ObjectNode) value(text, true);
  }

  /**
   * Returns a value.
   *
   * @throws PostgresException if the results take too much
   */
  JsonNode value(byte[] text) {
    return value(text, false);
  }

  private JsonNode value(byte[] text, boolean row) {
    take(text.length);
    try {
      JsonParser parser = parser(text);
      JsonNode value = value(parser.nextToken(), parser);
      if (value instanceof ContainerNode<?> begun) {
        read(begun, row, parser);
      }
      if (first) {
        parser.close();
      } else {
        kept = parser;
      }
      first = false;
      return value;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns what reads a text: of one of many, what has read the one before. */
  private JsonParser parser(byte[] text) throws IOException {
    if (first) {
      return Json.parser(text);
    }
    values.next(text);
    JsonParser parser = kept == null ? Json.parser(values) : kept;
    // not the next time, unless it reads to the end
    kept = null;
    return parser;
  }

  /**
   * Returns a text, null if there is none.
   *
   * @throws PostgresException if the results take too much
   */
  public @Nullable JsonNode text(@Nullable String text) {
    take(VALUE_BYTES + (text == null ? 0 : text.length()));
    return TextNode.valueOf(text);
  }

  /** Reads to the end of what has begun; without recursion, as it may be deep. */
  private void read(ContainerNode<?> begun, boolean row, JsonParser parser) throws IOException {
    var around = new ArrayDeque<ContainerNode<?>>();
    ContainerNode<?> open = begun;
    String name = "";
    while (true) {
      JsonToken token = parser.nextToken();
      if (token == JsonToken.FIELD_NAME) {
        name = parser.currentName();
        take(VALUE_BYTES);
      } else if (token.isStructEnd()) {
        if (around.isEmpty()) {
          return;
        }
        open = around.pop();
      } else {
        JsonNode value = value(token, parser);
        if (row && around.isEmpty()) {
          Json.add((ObjectNode) open, name, value);
        } else if (open instanceof ObjectNode object) {
          object.set(name, value);
        } else {
          ((ArrayNode) open).add(value);
        }
        if (value instanceof ContainerNode<?> inner) {
          around.push(open);
          open = inner;
        }
      }
    }
  }

  private JsonNode value(JsonToken token, JsonParser parser) throws IOException {
    take(
        token == JsonToken.START_OBJECT
            ? OBJECT_BYTES
            : token == JsonToken.START_ARRAY ? ARRAY_BYTES : VALUE_BYTES);
    return switch (token) {
      case START_OBJECT -> Json.object();
      case START_ARRAY -> Json.array();
      case VALUE_STRING -> TextNode.valueOf(parser.getText());
      case VALUE_NUMBER_INT -> integer(parser);
      case VALUE_NUMBER_FLOAT -> DecimalNode.valueOf(parser.getDecimalValue());
      case VALUE_TRUE -> BooleanNode.TRUE;
      case VALUE_FALSE -> BooleanNode.FALSE;
      default -> NullNode.instance;
    };
  }

  private static JsonNode integer(JsonParser parser) throws IOException {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    return switch (parser.getNumberType()) {
      case INT -> nodes.numberNode(parser.getIntValue());
      case LONG -> nodes.numberNode(parser.getLongValue());
      default -> nodes.numberNode(parser.getBigIntegerValue());
    };
  }

  /** Counts the memory that a row takes which has so many columns. */
  void takeRow(int columns) {
    take(OBJECT_BYTES + 2 * VALUE_BYTES * columns);
  }

  /** Counts memory that a result takes. */
  void take(int bytes) {
    left -= bytes;
    if (left < 0) {
      throw Failures.withRemedy(
          Code.LIMIT_REACHED,
          "The result of the call takes more than 512 MB of memory.",
          "Ask for fewer rows, or for less JSON in them.");
    }
  }

  /** Values one after the other, each of which has its end before the next is there. */
  private static final class Values extends InputStream {
    private byte[] text = {};
    private int at;

    void next(byte[] next) {
      text = next;
      at = 0;
    }

    @Override
    public int read() {
      return at < text.length ? text[at++] & 0xff : end();
    }

    /** A space ends a number. */
    private int end() {
      return at++ == text.length ? ' ' : -1;
    }

    @Override
    public int read(byte[] buffer, int from, int most) {
      int count = Math.min(most, text.length - at);
      if (count > 0) {
        System.arraycopy(text, at, buffer, from, count);
        at += count;
        return count;
      }
      int end = end();
      buffer[from] = (byte) end;
      return end < 0 ? -1 : 1;
    }
  }
}
