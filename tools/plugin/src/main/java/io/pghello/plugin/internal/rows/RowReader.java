// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.rows;

import com.fasterxml.jackson.core.io.NumberInput;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Failures.Detail;
import io.pghello.plugin.internal.Json;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Parses rows from JSON, with a memory limit for all results of a call. The server has produced or
 * validated the JSON, so the reader can treat commas as spaces. The objects in a result usually
 * have the same member names, so the strings for these names are shared. Not thread-safe.
 */
public final class RowReader {
  // Small values take more memory than their text.
  private static final int MEMORY_PER_BYTE = 8;
  private static final int OBJECT_BYTES = 160;
  private static final int ARRAY_BYTES = 100;
  private static final int VALUE_BYTES = 40;

  // A numeric has up to 131,072 digits before the decimal point and 16,383 after it.
  private static final int DIGITS_MAX = 150_000;
  private static final int DEPTH_MAX = 6_000;
  // Numbers with this many digits always fit in a long.
  private static final int LONG_DIGITS = 18;

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
  // Member names by hash.
  private final @Nullable String[] knownNames = new String[128];
  private final int maxBytes;
  private long leftBytes;
  private long left;

  private byte[] text = {};
  private int at;
  private boolean plain;
  // Members and elements of the objects and arrays that are not closed yet, and the index at which
  // each object or array begins.
  private String[] names = new String[16];
  private JsonNode[] values = new JsonNode[16];
  private int count;
  private int[] begins = new int[8];
  private int depth;

  /**
   * Creates a reader.
   *
   * @param maxBytes the maximum size of all results of a call, in bytes sent by the server; the
   *     results may use eight times as much memory
   */
  public RowReader(int maxBytes) {
    this.maxBytes = maxBytes;
    this.leftBytes = maxBytes;
    this.left = (long) MEMORY_PER_BYTE * maxBytes;
  }

  /**
   * Returns a row.
   *
   * @throws PostgresException if two columns have the same name, or the results are too large
   */
  public ObjectNode row(byte[] text) {
    return (ObjectNode) value(text, true);
  }

  /**
   * Returns a value.
   *
   * @throws PostgresException if the results are too large
   */
  JsonNode value(byte[] text) {
    return value(text, false);
  }

  /** Parses without recursion, because values may be nested deeply. */
  private JsonNode value(byte[] json, boolean row) {
    addBytes(json.length);
    text = json;
    at = 0;
    count = 0;
    depth = 0;
    while (true) {
      JsonNode value;
      byte c = next();
      switch (c) {
        case '{', '[' -> {
          addMemory(c == '{' ? OBJECT_BYTES : ARRAY_BYTES);
          begin();
          continue;
        }
        case '}' -> value = object(row && depth == 1);
        case ']' -> value = array();
        case '"' -> {
          addMemory(VALUE_BYTES);
          int end = endOfString();
          if (isName(end)) {
            names[count] = name(end);
            continue;
          }
          value = TextNode.valueOf(string(end));
        }
        default -> {
          addMemory(VALUE_BYTES);
          value = scalar(c);
        }
      }
      if (depth == 0) {
        return value;
      }
      values[count] = value;
      reserve();
    }
  }

  /** Returns the next significant character and advances past it. */
  private byte next() {
    byte c;
    do {
      c = text[at++];
    } while (c <= ' ' || c == ',' || c == ':');
    return c;
  }

  private void begin() {
    if (depth == DEPTH_MAX) {
      throw unreadable();
    } else if (depth == begins.length) {
      begins = Arrays.copyOf(begins, 2 * depth);
    }
    // If this object or array is itself a member, its name stays in front of the members or
    // elements that it contains.
    reserve();
    begins[depth++] = count;
  }

  private void reserve() {
    if (++count == values.length) {
      names = Arrays.copyOf(names, 2 * count);
      values = Arrays.copyOf(values, 2 * count);
    }
  }

  /** Closes an object or array, and returns the index at which its members or elements begin. */
  private int end() {
    int begin = begins[--depth];
    count = begin - 1;
    return begin;
  }

  private JsonNode array() {
    int end = count;
    int begin = end();
    return new ArrayNode(NODES, new ArrayList<>(Arrays.asList(values).subList(begin, end)));
  }

  private JsonNode object(boolean row) {
    int end = count;
    int begin = end();
    ObjectNode object = Json.row(names, values, begin, end);
    if (row && object.size() < end - begin) {
      Json.requireDistinct(Arrays.copyOfRange(names, begin, end));
    }
    return object;
  }

  /**
   * Returns the end of a string, and records whether all of its bytes are ASCII without escapes.
   */
  private int endOfString() {
    int end = at;
    int all = 0;
    boolean escapes = false;
    for (byte c = text[end]; c != '"'; c = text[end]) {
      all |= c;
      escapes |= c == '\\';
      end += c == '\\' ? 2 : 1;
    }
    plain = all >= 0 && !escapes;
    return end;
  }

  /** Returns whether the string that ends at this index is the name of a member. */
  private boolean isName(int end) {
    int next = end + 1;
    while (next < text.length && text[next] <= ' ') {
      next++;
    }
    return next < text.length && text[next] == ':';
  }

  private String name(int end) {
    if (!plain) {
      return string(end);
    }
    int hash = 0;
    for (int i = at; i < end; i++) {
      hash = 31 * hash + text[i];
    }
    int slot = (hash ^ hash >>> 8) & knownNames.length - 1;
    String known = knownNames[slot];
    if (known != null && isNext(known, end)) {
      at = end + 1;
      return known;
    }
    String name = string(end);
    knownNames[slot] = name;
    return name;
  }

  private boolean isNext(String name, int end) {
    int length = end - at;
    if (name.length() != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (text[at + i] != name.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** Returns a string and advances past its end. */
  private String string(int end) {
    int begin = at;
    at = end + 1;
    return plain ? ascii(text, begin, end) : unescaped(begin, end);
  }

  private String unescaped(int begin, int end) {
    var string = new StringBuilder(end - begin);
    int from = begin;
    for (int i = begin; i < end; i++) {
      if (text[i] == '\\') {
        string.append(decoded(from, i));
        byte c = text[++i];
        switch (c) {
          case 'b' -> string.append('\b');
          case 'f' -> string.append('\f');
          case 'n' -> string.append('\n');
          case 'r' -> string.append('\r');
          case 't' -> string.append('\t');
          case 'u' -> {
            string.append((char) HexFormat.fromHexDigits(ascii(text, i + 1, i + 5)));
            i += 4;
          }
          default -> string.append((char) c);
        }
        from = i + 1;
      }
    }
    String rest = decoded(from, end);
    return from == begin ? rest : string.append(rest).toString();
  }

  /** Decodes UTF-8. A database with the encoding SQL_ASCII may contain invalid bytes. */
  private String decoded(int begin, int end) {
    try {
      return decoder.decode(ByteBuffer.wrap(text, begin, end - begin)).toString();
    } catch (CharacterCodingException e) {
      throw Failures.withRemedy(
          Code.LIMIT_REACHED,
          "A value of the result is not valid UTF-8.",
          "Query encode(convert_to(COLUMN, 'SQL_ASCII'), 'hex') instead.");
    }
  }

  private static String ascii(byte[] text, int begin, int end) {
    return new String(text, begin, end - begin, StandardCharsets.ISO_8859_1);
  }

  private JsonNode scalar(byte first) {
    int begin = at - 1;
    while (at < text.length
        && text[at] > ' '
        && text[at] != ','
        && text[at] != ']'
        && text[at] != '}') {
      at++;
    }
    return switch (first) {
      case 't' -> BooleanNode.TRUE;
      case 'f' -> BooleanNode.FALSE;
      case 'n' -> NullNode.instance;
      default -> number(text, begin, at);
    };
  }

  /** Returns a number with all its digits. */
  static JsonNode number(byte[] text, int begin, int end) {
    boolean negative = text[begin] == '-';
    long value = 0;
    boolean digits = true;
    for (int i = negative ? begin + 1 : begin; i < end; i++) {
      value = 10 * value + text[i] - '0';
      digits &= text[i] <= '9' && text[i] >= '0';
    }
    if (digits && end - begin <= LONG_DIGITS) {
      return integer(negative ? -value : value);
    } else if (end - begin > DIGITS_MAX) {
      throw unreadable();
    }
    try {
      String number = ascii(text, begin, end);
      if (!digits) {
        return DecimalNode.valueOf(NumberInput.parseBigDecimal(number, true));
      }
      BigInteger integer = NumberInput.parseBigInteger(number, true);
      return integer.bitLength() < Long.SIZE
          ? integer(integer.longValue())
          : NODES.numberNode(integer);
    } catch (NumberFormatException e) {
      throw unreadable();
    }
  }

  static JsonNode integer(long value) {
    return value == (int) value ? NODES.numberNode((int) value) : NODES.numberNode(value);
  }

  private static PostgresException unreadable() {
    return Failures.of(
        Code.LIMIT_REACHED,
        "A value of the result cannot be read as JSON. Cast it in the query, e.g. to text.");
  }

  /** Adds the memory use of a row with this many columns. */
  void addRow(int columns) {
    addMemory(OBJECT_BYTES + 2 * VALUE_BYTES * columns);
  }

  /** Adds to the memory use of the results, and throws if it exceeds the limit. */
  private void addMemory(int bytes) {
    left -= bytes;
    if (left < 0) {
      throw tooLarge(
          "takes more than " + (long) MEMORY_PER_BYTE * maxBytes + " bytes of memory", maxBytes);
    }
  }

  /** Adds the memory use for bytes sent by the server. */
  void addBytes(int bytes) {
    addMemory(bytes);
    leftBytes -= bytes;
    if (leftBytes < 0) {
      throw tooLarge("has more than " + maxBytes + " bytes", maxBytes);
    }
  }

  /** Returns an error for a result that exceeds a limit. */
  public static PostgresException tooLarge(String what, int maxBytes) {
    return Failures.builder(Code.LIMIT_REACHED, "The result of the call " + what + ".")
        .with(Detail.MAX_BYTES, maxBytes)
        .remedy("Request fewer rows or columns, or smaller JSON values.")
        .build();
  }
}
