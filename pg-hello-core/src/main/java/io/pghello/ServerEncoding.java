// SPDX-License-Identifier: MIT
package io.pghello;

import static java.util.Map.entry;

import java.nio.charset.Charset;
import java.nio.charset.CharsetEncoder;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Database encodings with exactly the same characters as a Java charset (see "Character Set
 * Support" in PostgreSQL's documentation). For these encodings, the client rejects names with
 * unsupported characters before sending them, because such a name would make a whole batch fail.
 * For all other encodings, the server rejects such names.
 */
final class ServerEncoding {
  static final Map<String, String> CHARSETS =
      Map.ofEntries(
          entry("LATIN1", "ISO-8859-1"),
          entry("LATIN2", "ISO-8859-2"),
          entry("LATIN3", "ISO-8859-3"),
          entry("LATIN4", "ISO-8859-4"),
          entry("LATIN5", "ISO-8859-9"),
          entry("LATIN7", "ISO-8859-13"),
          entry("LATIN9", "ISO-8859-15"),
          entry("LATIN10", "ISO-8859-16"),
          entry("ISO_8859_5", "ISO-8859-5"),
          entry("ISO_8859_6", "ISO-8859-6"),
          entry("ISO_8859_7", "ISO-8859-7"),
          entry("ISO_8859_8", "ISO-8859-8"),
          entry("WIN1250", "windows-1250"),
          entry("WIN1251", "windows-1251"),
          entry("WIN1252", "windows-1252"),
          entry("WIN1253", "windows-1253"),
          entry("WIN1254", "windows-1254"),
          entry("WIN1255", "windows-1255"),
          entry("WIN1256", "windows-1256"),
          entry("WIN1257", "windows-1257"),
          entry("WIN1258", "windows-1258"),
          entry("WIN866", "IBM866"),
          entry("WIN874", "x-windows-874"),
          entry("EUC_KR", "EUC-KR"),
          entry("EUC_CN", "GB2312"),
          entry("KOI8R", "KOI8-R"),
          entry("KOI8U", "KOI8-U"));

  private ServerEncoding() {}

  /**
   * Returns whether the server converts some names to bytes that it then rejects as invalid
   * (22021). With other encodings, the server reports that the character does not exist in the
   * encoding (22P05).
   *
   * @param encoding the encoding of the database; null if unknown
   */
  static boolean refusesOwnBytes(@Nullable String encoding) {
    return "EUC_TW".equals(encoding) || "EUC_JIS_2004".equals(encoding);
  }

  /**
   * Returns whether the server changes a name instead of rejecting it. With EUC_JP, the server
   * replaces the broken bar with its fullwidth form.
   *
   * @param encoding the encoding of the database; null if unknown
   */
  static boolean changes(@Nullable String encoding, String name) {
    return "EUC_JP".equals(encoding) && name.indexOf('\u00a6') >= 0;
  }

  /**
   * Returns an encoder for the characters of a database's encoding.
   *
   * @param name the encoding of the database; null if unknown
   * @return the encoder; null if only the server can check names
   */
  static @Nullable CharsetEncoder encoder(@Nullable String name) {
    String charset = name == null ? null : CHARSETS.get(name);
    return charset == null || !Charset.isSupported(charset)
        ? null
        : Charset.forName(charset).newEncoder();
  }
}
