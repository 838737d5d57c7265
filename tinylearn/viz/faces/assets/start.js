// Stands in every picture as it is: unpacks data, style and script, and hands them the element.
(async function () {
  for (const root of document.querySelectorAll('[data-tlv="NAME"]:not(.tlv-on)')) {
    root.classList.add("tlv-on");
    try {
      const text = root.querySelector(".tlv-data").textContent;
      const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
      const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
      const data = await new Response(plain).json();
      if (!root.isConnected) continue; // the cell ran again meanwhile
      const script = document.createElement("script");
      script.textContent = `document.currentScript.start = function (root, data) {${data.script}\nstart(root, data)}`;
      root.append(script);
      script.start(root, data);
    } catch (error) {
      root.classList.remove("tlv-on");
      root.dataset.error = String(error);
      console.error(error);
    }
  }
})();
