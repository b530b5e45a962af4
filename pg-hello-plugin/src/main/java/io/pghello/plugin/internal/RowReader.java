// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.JsonParserDelegate;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Makes rows of one result of their texts, within a bound of memory. For one thread. */
public final class RowReader {
  // what empty objects and arrays take is some forty times their text
  private static final long BYTES_MAX = 512L << 20;
  private static final int OBJECT_BYTES = 160;
  private static final int ARRAY_BYTES = 100;
  private static final int VALUE_BYTES = 40;

  private long left = BYTES_MAX;

  /**
   * Returns a row.
   *
   * @throws PostgresException if two columns have the same name, or the result takes too much
   */
  public ObjectNode row(String text) {
    take(OBJECT_BYTES);
    ObjectNode row = Json.object();
    try (JsonParser parser = Json.parser(text)) {
      parser.nextToken();
      for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
        take(2 * VALUE_BYTES);
        Json.add(row, name, value(parser));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return row;
  }

  private JsonNode value(JsonParser parser) throws IOException {
    return switch (parser.nextToken()) {
      case VALUE_STRING -> TextNode.valueOf(parser.getText());
      case VALUE_NUMBER_INT -> integer(parser);
      case VALUE_NUMBER_FLOAT -> DecimalNode.valueOf(parser.getDecimalValue());
      case VALUE_TRUE -> BooleanNode.TRUE;
      case VALUE_FALSE -> BooleanNode.FALSE;
      case VALUE_NULL -> NullNode.instance;
      default -> Json.tree(new Counted(parser));
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

  private void take(int bytes) {
    left -= bytes;
    if (left < 0) {
      throw Failures.withRemedy(
          Code.LIMIT_REACHED,
          "The result takes more than 512 MB of memory.",
          "Ask for fewer rows, or for less JSON in them.");
    }
  }

  /** Takes what the tree of its tokens needs. */
  private final class Counted extends JsonParserDelegate {
    Counted(JsonParser parser) {
      super(parser);
    }

    @Override
    public JsonToken nextToken() throws IOException {
      JsonToken token = super.nextToken();
      take(
          switch (token) {
            case START_OBJECT -> OBJECT_BYTES;
            case START_ARRAY -> ARRAY_BYTES;
            case END_OBJECT, END_ARRAY -> 0;
            default -> VALUE_BYTES;
          });
      return token;
    }
  }
}
