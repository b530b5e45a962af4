// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads messages. Each message is one line of UTF-8. Not thread-safe. */
final class Messages {
  /** Maximum length of a message, in bytes. */
  static final int LENGTH_MAX = 16 << 20;

  private static final int DIGITS_MAX = 150_000;

  /** A mapper that keeps all digits of numbers and rejects duplicate property names. */
  static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  // Otherwise, a message with many long numbers would delay other messages for
                  // minutes.
                  .enable(StreamReadFeature.USE_FAST_BIG_NUMBER_PARSER)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNumberLength(DIGITS_MAX)
                          .maxStringLength(LENGTH_MAX)
                          .maxNameLength(LENGTH_MAX)
                          .build())
                  .build())
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          // Clients with a newer protocol version may send additional properties.
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  /** Thrown if a line is not a valid message. */
  static final class UnreadableException extends Exception {
    private static final long serialVersionUID = 1L;

    UnreadableException(String message) {
      super(message);
    }
  }

  /**
   * Returns the location of a JSON error, as a suffix for error messages; empty if the location is
   * unknown.
   */
  static String place(JsonProcessingException e) {
    JsonLocation where = e.getLocation();
    return where == null
        ? ""
        : ", at line " + where.getLineNr() + ", column " + where.getColumnNr();
  }

  private final InputStream in;

  Messages(InputStream in) {
    this.in = new BufferedInputStream(in, 1 << 16);
  }

  /**
   * Reads the next line. Returns null at the end of the input.
   *
   * @throws UnreadableException if the line is too long or not UTF-8; the next line can still be
   *     read
   */
  @Nullable String next() throws IOException, UnreadableException {
    var line = new ByteArrayOutputStream();
    long length = 0;
    int read = in.read();
    if (read < 0) {
      return null;
    }
    for (; read >= 0 && read != '\n'; read = in.read()) {
      if (++length <= LENGTH_MAX) {
        line.write(read);
      } else if (length == LENGTH_MAX + 1L) {
        line = new ByteArrayOutputStream();
      }
    }
    if (length > LENGTH_MAX) {
      throw new UnreadableException("A message can have at most " + LENGTH_MAX + " bytes");
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(line.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      throw new UnreadableException("The message is not valid UTF-8");
    }
  }
}
