// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import java.io.StringWriter;
import java.util.Locale;
import java.util.Set;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** Writes a page that is HTML and XML at once. */
final class Markup {
  private static final Set<String> INLINE =
      Set.of("a", "b", "code", "span", "strong", "text", "time", "tspan", "use");

  private final StringWriter out = new StringWriter();
  private final XMLStreamWriter xml;

  Markup() {
    try {
      xml = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(out);
      xml.writeDTD("<!DOCTYPE html>");
    } catch (XMLStreamException e) {
      throw inMemory(e);
    }
  }

  /**
   * Begins an element.
   *
   * @param attributes names and values alternately
   */
  Markup open(String tag, String... attributes) {
    try {
      breakLine(tag);
      xml.writeStartElement(tag);
      return attributes(attributes);
    } catch (XMLStreamException e) {
      throw inMemory(e);
    }
  }

  /** Ends the element that was begun last. */
  Markup close() {
    try {
      xml.writeEndElement();
      return this;
    } catch (XMLStreamException e) {
      throw inMemory(e);
    }
  }

  Markup text(String text) {
    try {
      xml.writeCharacters(clean(text));
      return this;
    } catch (XMLStreamException e) {
      throw inMemory(e);
    }
  }

  /** An element with nothing but text. */
  Markup element(String tag, String text, String... attributes) {
    return open(tag, attributes).text(text).close();
  }

  /** An element that HTML or SVG has without content. */
  Markup empty(String tag, String... attributes) {
    try {
      breakLine(tag);
      xml.writeEmptyElement(tag);
      return attributes(attributes);
    } catch (XMLStreamException e) {
      throw inMemory(e);
    }
  }

  private void breakLine(String tag) throws XMLStreamException {
    if (!INLINE.contains(tag)) {
      xml.writeCharacters("\n");
    }
  }

  private Markup attributes(String... attributes) throws XMLStreamException {
    for (int i = 0; i < attributes.length; i += 2) {
      xml.writeAttribute(attributes[i], clean(attributes[i + 1]));
    }
    return this;
  }

  /** XML cannot say control characters at all. */
  private static String clean(String text) {
    return text.replaceAll("[\\p{Cntrl}&&[^\n\t]]", "\uFFFD");
  }

  /** A share of the width or height, from 0 to 1, as SVG says it. */
  static String percent(double share) {
    return String.format(Locale.ROOT, "%.2f%%", 100 * share);
  }

  private static IllegalStateException inMemory(XMLStreamException e) {
    return new IllegalStateException("the markup is wrong", e);
  }

  @Override
  public String toString() {
    return out + "\n";
  }
}
