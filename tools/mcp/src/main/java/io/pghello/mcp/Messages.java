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

/** Reads messages, each of which is a line of UTF-8. For one thread. */
final class Messages {
  /** The greatest length of a message, in bytes. */
  static final int LENGTH_MAX = 16 << 20;

  private static final int DIGITS_MAX = 150_000;

  /** Numbers keep all their digits; a name that is there twice is refused. */
  static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  // else many long numbers in a message keep the others waiting for minutes
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
          // a newer client says more
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  /** Says that a line is no message. */
  static final class UnreadableException extends Exception {
    private static final long serialVersionUID = 1L;

    UnreadableException(String message) {
      super(message);
    }
  }

  /** Returns where JSON is wrong, for the end of a sentence; nothing if it is not known. */
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
   * Returns the next line; null at the end of the input.
   *
   * @throws UnreadableException if it is too long, or no UTF-8; the next one may be read
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
      throw new UnreadableException("A message may have " + LENGTH_MAX + " bytes at most");
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(line.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      throw new UnreadableException("The message is no UTF-8");
    }
  }
}
